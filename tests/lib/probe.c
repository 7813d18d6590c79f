/* probe: preloaded into a daemon, tries from inside what the sandbox must not
 * let through, once a file named in the environment holds the name of the
 * process that is to try. What came of it goes to standard error. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int done;
static pid_t first; /* the keeper; who has another pid is its worker */

static void __attribute__((constructor)) begin(void)
{
	first = getpid();
}

static void
tell(const char *what, int result)
{
	dprintf(2, "probe %s: %s\n", what,
		result >= 0 ? "possible" : strerror(errno));
}

static void
try_open(const char *what, const char *path, int flags)
{
	tell(what, open(path, flags, 0600));
}

static void
try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((unsigned short)atoi(getenv("PROBE_PORT")));
	tell("connect",
	     fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* A descriptor that has an owner sends it signals. */
static void
try_own(void)
{
	int pipes[2];

	if (pipe(pipes) == 0)
		tell("signal by descriptor",
		     fcntl(pipes[0], F_SETOWN, atoi(getenv("PROBE_PID"))));
}

/* Not with an invalid pid, or one that means everybody. */
static void
try_keeper(void)
{
	char path[64];

	if (first < 2)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)first);
	try_open("read the keeper's memory", path, O_RDONLY);
	try_open("write the keeper's memory", path, O_RDWR);
	tell("signal the keeper", kill(first, 0));
}

/* 1 of 0 and 1; the worker may not even ask. */
static void
try_dump(void)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	if (dumpable == 0)
		errno = EPERM;
	tell("be dumped", dumpable > 0 ? 0 : -1);
}

static void
try_all(const char *last)
{
	char path[4096];

	try_open("read /etc/shadow", "/etc/shadow", O_RDONLY);
	try_open("write elsewhere", getenv("PROBE_ELSEWHERE"),
		 O_WRONLY | O_CREAT);
	snprintf(path, sizeof(path), "%s.db", getenv("PROBE_MAP"));
	try_open("write the map", path, O_WRONLY);
	tell("unlink the map", unlink(path));
	try_open("read the log", getenv("PROBE_LOG"), O_RDONLY);
	try_connect();
	tell("signal others", kill(atoi(getenv("PROBE_PID")), 0));
	try_own();
	try_keeper();
	try_dump();
	dprintf(2, "probe last: %s\n", last);
	if (strcmp(last, "exec") == 0)
		execl("/bin/true", "true", (char *)NULL);
	if (strcmp(last, "trace") == 0 && first >= 2)
		ptrace(PTRACE_SEIZE, first, NULL, NULL);
	if (strcmp(last, "peek") == 0 && first >= 2)
		process_vm_readv(first, NULL, 0, NULL, 0, 0);
	dprintf(2, "probe end\n");
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int (*real)(int, struct epoll_event *, int, int) =
	    (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT,
								"epoll_wait");
	const char *name;
	char want[64] = "", *last;
	int trigger = done ? -1 : open(getenv("PROBE"), O_RDONLY);

	if (trigger >= 0) {
		name = getpid() == first ? "keeper" : "worker";
		if (read(trigger, want, sizeof(want) - 1) > 0 &&
		    (last = strchr(want, ' ')) != NULL) {
			*last++ = '\0';
			if (strcmp(name, want) == 0) {
				done = 1;
				try_all(last);
			}
		}
		close(trigger);
	}
	return real(fd, events, max, timeout);
}
