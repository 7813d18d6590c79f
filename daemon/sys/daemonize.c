#include "daemon/sys/daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

int
daemonize_open_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

void
daemonize_redirect(int null)
{
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

void
daemonize_close_others(const int *kept, size_t nkept)
{
	for (unsigned int fd = 3, next; fd != ~0u; fd = next) {
		unsigned int end = ~0u;

		next = ~0u;
		for (size_t i = 0; i < nkept; i++)
			if (kept[i] >= (int)fd && (unsigned int)kept[i] < end)
				end = (unsigned int)kept[i];
		if (end != ~0u)
			next = end + 1;
		if (end > fd)
			syscall(SYS_close_range, fd, end == ~0u ? end : end - 1,
				0);
	}
}

static sigset_t
daemon_signals(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	return set;
}

void
daemonize_hold_signals(void)
{
	sigset_t set = daemon_signals();

	signal(SIGXFSZ, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void
daemonize_release_signals(void)
{
	sigset_t set = daemon_signals();

	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static bool
is_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT);
}

void
daemonize_done(int *command, int code)
{
	unsigned char byte = (unsigned char)code;

	if (*command < 0)
		return;
	if (write(*command, &byte, 1) != 1)
		log_debug("the command that started us has gone");
	close(*command);
	*command = -1;
	daemonize_redirect(daemonize_open_null());
}

static int
await(int fd)
{
	unsigned char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1 ? byte : EX_SOFTWARE;
}

int
daemonize(int *command, int *code, struct err *err)
{
	int pipes[2];
	pid_t pid;

	/* A signal of ours does not reach a child that we start now. */
	if (is_to_stop()) {
		*code = EX_OK;
		return 0;
	}
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		close(pipes[0]);
		close(pipes[1]);
		return err_set(err, "fork: %s", strerror(errno));
	}
	if (pid == 0) {
		close(pipes[0]);
		*command = pipes[1];
		setsid();
		return 1;
	}
	close(pipes[1]);
	daemonize_release_signals();
	*code = await(pipes[0]);
	return 0;
}
