/* streamserver: answers, and the limits for clients, by a clock that the test
 * sets. */
#include "base/streamserver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/unixsocket.h"
#include "tests/tap.h"

enum { REQUEST_MAX = 2000, FDS_MAX = 400, CLIENTS = (FDS_MAX - 64) / 4 };

/* ---- time, and descriptors that are no more ---- */

static int64_t ahead_s;

/* With a 32-bit long, the call of that name has no times after 2038. */
#ifdef SYS_clock_gettime64
enum { CLOCK_GETTIME = SYS_clock_gettime64 };
#else
enum { CLOCK_GETTIME = SYS_clock_gettime };
#endif

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(CLOCK_GETTIME, clock, now);

	now->tv_sec += ahead_s;
	return result;
}

static bool no_fds;
static unsigned int tries;
static bool accepted[FDS_MAX]; /* by descriptor: the server's end of a client */

int
accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	tries++;
	if (no_fds) {
		errno = EMFILE;
		return -1;
	}
	fd = (int)syscall(SYS_accept4, fd, address, len, flags);
	if (fd >= 0 && fd < FDS_MAX)
		accepted[fd] = true;
	return fd;
}

int
close(int fd)
{
	if (fd >= 0 && fd < FDS_MAX)
		accepted[fd] = false;
	return (int)syscall(SYS_close, fd);
}

static int
clients(void)
{
	int count = 0;

	for (int fd = 0; fd < FDS_MAX; fd++)
		count += accepted[fd];
	return count;
}

/* ---- a server: a line asks for itself ---- */

static struct loop *loop;
static struct streamserver *server;
static char path[PATH_MAX];
static unsigned int asked;

static ssize_t
echo(void *arg, struct stream *client, const char *bytes, size_t len)
{
	static char big[STREAMSERVER_OUTPUT_MAX / 2];
	const char *end = memchr(bytes, '\n', len);

	(void)arg;
	if (bytes[0] == '!')
		return -1;
	if (end == NULL)
		return 0;
	asked++;
	if (strncmp(bytes, "big", 3) == 0)
		stream_answer(client, big, sizeof(big));
	else if (strncmp(bytes, "huge", 4) == 0)
		for (int i = 0; i < 3; i++)
			stream_answer(client, big, sizeof(big));
	else
		stream_answer(client, bytes, (size_t)(end - bytes) + 1);
	return end - bytes + 1;
}

static void
stop(void *arg)
{
	loop_stop(arg, 0);
}

/* Lets the server do what there is to do. */
static void
spin(void)
{
	struct timer *timer = timer_new(loop, stop, loop);
	struct err err;

	for (int i = 0; i < 40; i++) {
		timer_arm(timer, 0);
		loop_run(loop, &err);
	}
	timer_free(&timer);
}

static void
pass(int64_t seconds)
{
	ahead_s += seconds;
	spin();
}

static void
begin(bool started)
{
	char *address = alloc_format("unix:%s", path);
	struct err err;

	asked = 0;
	loop = loop_new(&err);
	server =
	    streamserver_open(loop, address, REQUEST_MAX, echo, NULL, &err);
	free(address);
	if (server == NULL)
		printf("Bail out! %s\n", err.text);
	if (started)
		streamserver_start(server, &err);
}

static void
end(void)
{
	streamserver_close(&server);
	loop_free(&loop);
}

static int
come(void)
{
	int fd = unixsocket_connect(path, 1000);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		printf("# send: %s\n", strerror(errno));
	spin();
}

/* What has come: text; "-": nothing yet; "gone": the server closed it. */
static const char *
hear(int fd)
{
	static char text[512];
	ssize_t n;

	spin();
	n = recv(fd, text, sizeof(text) - 1, 0);
	if (n < 0 && errno == EAGAIN)
		return "-";
	if (n <= 0)
		return "gone";
	text[n] = '\0';
	return text;
}

/* ---- what is proven ---- */

static void
answers(void)
{
	int fd, other;

	begin(true);
	fd = come();
	other = come();
	say(fd, "one\n");
	is_str(hear(fd), "one\n", "an answer");
	say(fd, "two\nthree\nfo");
	is_str(hear(fd), "two\nthree\n", "two at once, and a torn one");
	is_str(hear(other), "-", "nobody hears another's answer");
	say(other, "mine\n");
	is_str(hear(other), "mine\n", "... nor waits for another's request");
	say(fd, "ur\n");
	is_str(hear(fd), "four\n", "the torn one is whole");
	say(fd, "five\n!six\n");
	is_str(hear(fd), "five\n", "before what is no request: answered");
	is_str(hear(fd), "gone", "... and closed");
	is_int(clients(), 1, "one is left");
	close(other);
	spin();
	is_int(clients(), 0, "none is left");
	close(fd);
	end();
}

static void
early(void)
{
	int fd;
	struct err err;

	begin(false);
	fd = come();
	say(fd, "one\n");
	is_str(hear(fd), "-", "before the start nobody is heard");
	streamserver_start(server, &err);
	is_str(hear(fd), "one\n", "... and then answered");
	close(fd);
	end();
}

static void
too_long(void)
{
	char text[REQUEST_MAX + 1];
	int fd;

	begin(true);
	fd = come();
	memset(text, 'x', sizeof(text));
	text[REQUEST_MAX - 1] = '\n';
	text[REQUEST_MAX] = '\0';
	say(fd, text);
	for (size_t got = 0; got < REQUEST_MAX && *hear(fd) == 'x';)
		got += 511;
	is_int(asked, 1, "the longest request is one");
	text[REQUEST_MAX - 1] = 'x';
	say(fd, text);
	is_str(hear(fd), "gone", "a longer one closes");
	close(fd);
	end();
}

/* It asks for ever, and reads nothing. */
static void
deaf(void)
{
	int fd, other;
	unsigned int before;

	begin(true);
	fd = come();
	other = come();
	do {
		before = asked;
		while (send(fd, "big\nbig\nbig\n", 12, MSG_NOSIGNAL) > 0)
			;
		spin();
	} while (asked > before);
	ok(asked < 1000, "who does not read is not answered on: %u", asked);
	say(other, "me\n");
	is_str(hear(other), "me\n", "others are");
	pass(STREAMSERVER_TIMEOUT_MS / 1000 - 1);
	is_int(clients(), 2, "kept for a while");
	pass(1);
	is_int(clients(), 1, "then dropped");
	say(other, "huge\n");
	for (int i = 0; i < 100 && strcmp(hear(other), "gone") != 0; i++)
		;
	is_str(hear(other), "gone", "an answer beyond all bounds closes");
	close(fd);
	close(other);
	end();
}

/* More than fits at once, asked at once: what is left over is not forgotten. */
static void
leftover(void)
{
	size_t got = 0;
	ssize_t n;
	char text[512];
	int fd;

	begin(true);
	fd = come();
	say(fd, "big\nbig\nbig\nbig\nbig\n");
	while ((n = recv(fd, text, sizeof(text), 0)) > 0 ||
	       (spin(), n = recv(fd, text, sizeof(text), 0)) > 0)
		got += (size_t)n;
	is_int((long long)got, 5 * STREAMSERVER_OUTPUT_MAX / 2, "all of five");
	close(fd);
	end();
}

/* Reads late, but reads: all the answers come, in order. */
static void
late(void)
{
	unsigned int sent = 0, lines = 0;
	int fd, idle = 0;
	char c, line[16];

	begin(true);
	fd = come();
	while (idle < 3) {
		snprintf(line, sizeof(line), "%07u\n", sent);
		if (send(fd, line, 8, MSG_NOSIGNAL) == 8)
			sent++, idle = 0;
		else
			spin(), idle++;
	}
	for (unsigned int at = 0, n = 0;; at++) {
		if (recv(fd, &c, 1, 0) != 1) {
			spin();
			if (recv(fd, &c, 1, 0) != 1)
				break;
		}
		if (c != '\n') {
			n = n * 10 + (unsigned int)(c - '0');
			continue;
		}
		if (n != lines)
			break;
		lines++;
		n = 0;
	}
	ok(sent > 10000, "asked without reading: %u", sent);
	is_int(lines, sent, "all were answered in order");
	close(fd);
	end();
}

static void
slow(void)
{
	int fd, other;

	begin(true);
	fd = come();
	other = come();
	for (int i = 0; i < STREAMSERVER_TIMEOUT_MS / 1000; i++) {
		say(fd, "x");
		pass(1);
	}
	is_str(hear(fd), "gone", "a byte a second: dropped");
	say(other, "me\n");
	is_str(hear(other), "me\n", "who is silent stays");
	pass(STREAMSERVER_IDLE_MS / 1000 - 1);
	is_int(clients(), 1, "... for long");
	pass(1);
	is_str(hear(other), "gone", "not for ever");
	close(fd);
	close(other);
	end();
}

static void
many(void)
{
	int fds[CLIENTS + 1], first;

	begin(true);
	first = come();
	spin();
	for (int i = 0; i < CLIENTS - 1; i++) {
		fds[i] = come();
		spin();
	}
	is_int(clients(), CLIENTS, "full");
	pass(1);
	say(first, "me\n");
	is_str(hear(first), "me\n", "the first asks again");
	fds[CLIENTS - 1] = come();
	is_str(hear(fds[0]), "gone", "one more: the longest silent gives way");
	is_str(hear(first), "-", "... not who came first");
	say(fds[CLIENTS - 1], "new\n");
	is_str(hear(fds[CLIENTS - 1]), "new\n", "the new one is served");
	is_int(clients(), CLIENTS, "never more");
	say(first, "half a li");
	pass(1);
	for (int i = 1; i < CLIENTS; i++)
		say(fds[i], "again\n");
	close(fds[0]);
	fds[0] = come();
	is_str(hear(first), "gone", "one who asks slowly is not better");
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	close(first);
	end();
}

static void
no_descriptor(void)
{
	int fd, other;

	begin(true);
	fd = come();
	spin();
	no_fds = true;
	other = come();
	tries = 0;
	is_str(hear(fd), "gone", "no descriptor left: the oldest gives way");
	ok(tries <= 2, "... and then it waits: %u tries", tries);
	no_fds = false;
	pass(1);
	say(other, "me\n");
	is_str(hear(other), "me\n", "... and goes on");
	close(fd);
	close(other);
	end();
}

static void
its_place(void)
{
	char *address = alloc_format("unix:%s", path);
	struct stat st;
	struct err err;
	mode_t mask = umask(077);
	FILE *f;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		begin(false);
		_exit(0); /* leaves it there */
	}
	waitpid(pid, NULL, 0);
	ok(lstat(path, &st) == 0 && S_ISSOCK(st.st_mode), "left by the dead");
	begin(true);
	ok(lstat(path, &st) == 0 && (st.st_mode & 0777) == 0666,
	   "replaced; open to all, whatever the umask");
	umask(mask);
	end();
	ok(lstat(path, &st) < 0, "removed at the end");
	f = fopen(path, "w");
	fclose(f);
	loop = loop_new(&err);
	ok(streamserver_open(loop, address, 10, echo, NULL, &err) == NULL &&
	       strstr(err.text, "not a socket") != NULL,
	   "a file stays");
	loop_free(&loop);
	unlink(path);
	begin(true);
	unlink(path);
	f = fopen(path, "w");
	fclose(f);
	end();
	ok(lstat(path, &st) == 0, "what is another's is not removed");
	unlink(path);
	free(address);
}

/* The ports from 10090 on, until one is free. */
static void
inet(const char *host, int family)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct err err;
	int fd;

	loop = loop_new(&err);
	for (uint16_t port = 10090; server == NULL && port < 10190; port++) {
		char *address = alloc_format("inet:%s:%u", host, port);

		server = streamserver_open(loop, address, REQUEST_MAX, echo,
					   NULL, &err);
		free(address);
		in.sin_port = in6.sin6_port = htons(port);
	}
	if (server == NULL) {
		tap_skip(host, err.text);
		loop_free(&loop);
		return;
	}
	streamserver_start(server, &err);
	fd = socket(family, SOCK_STREAM, 0);
	if (family == AF_INET)
		connect(fd, (struct sockaddr *)&in, sizeof(in));
	else
		connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	say(fd, "one\n");
	is_str(hear(fd), "one\n", "%s", host);
	close(fd);
	end();
}

static void
addresses(void)
{
	static const struct {
		const char *address, *why;
	} bad[] = {
	    {"/run/x", "neither"},
	    {"unix:run/x", "neither"},
	    {"unix:", "neither"},
	    {"inet:10090", "not ADDRESS:PORT"},
	    {"inet:localhost:10090", "not ADDRESS:PORT"},
	    {"inet:127.0.0.1:", "not a port"},
	    {"inet:127.0.0.1:0", "not a port"},
	    {"inet:127.0.0.1:65536", "not a port"},
	    {"inet:127.0.0.1:-1", "not a port"},
	    {"inet:127.0.0.1:25x", "not a port"},
	    {"inet:0.0.0.0:10090", "not a loopback address"},
	    {"inet:192.0.2.1:10090", "not a loopback address"},
	    {"inet:[::]:10090", "not a loopback address"},
	    {"inet:[2001:db8::1]:10090", "not a loopback address"},
	    {"unix:/nonexistent/x", "No such file or directory"},
	};
	char own[PATH_MAX + 8];
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(streamserver_check(bad[i].address, &err) < 0, "%s",
		   bad[i].address);
		ok(strstr(err.text, bad[i].why) != NULL, "%s", err.text);
	}
	is_int(streamserver_check("inet:[::1]:25", &err), 0, "[::1]");
	snprintf(own, sizeof(own), "unix:%s", path);
	is_int(streamserver_check(own, &err), 0, "a directory of our own");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	ok(streamserver_check(own, &err) < 0, "a file is not taken away");
	ok(strstr(err.text, "exists and is not a socket") != NULL, "%s",
	   err.text);
	unlink(path);
}

int
main(void)
{
	static const struct rlimit few = {FDS_MAX / 2, FDS_MAX};
	const char *tmp = getenv("TMPDIR");
	bool limited = setrlimit(RLIMIT_NOFILE, &few) == 0;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/streamserver.XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%.*s/socket", PATH_MAX - 8, dir);
	answers();
	early();
	too_long();
	deaf();
	leftover();
	late();
	slow();
	if (limited)
		many();
	else
		tap_skip("many clients", "valgrind keeps the limit of files");
	no_descriptor();
	its_place();
	inet("127.0.0.1", AF_INET);
	inet("[::1]", AF_INET6);
	addresses();
	rmdir(dir);
	return tap_done();
}
