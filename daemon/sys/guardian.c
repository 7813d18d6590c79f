#include "daemon/sys/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/monotonic.h"

enum { PAUSE_MS = 1000 };

/* A full pipe means that nobody reads notices any more. */
static void
send_notice(const struct guardian *g, bool guardian, int status)
{
	const struct guardian_notice notice = {guardian, status};

	if (write(g->notices, &notice, sizeof(notice)) < 0)
		return;
}

static int
await_exit(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

/* Returns the pid in the guardian, 0 in the child, -1 on error. The guardian
 * alone has the writing end of the pipe `lost', so its death closes it. */
static pid_t
fork_child(struct guardian *g, int *life)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		g->lost = ends[0];
		prctl(PR_SET_NAME, g->worker_title);
		return 0;
	}
	close(ends[0]);
	*life = ends[1];
	if (pid < 0)
		close(ends[1]);
	return pid;
}

/* A child that dies at once is not started again at once. A long pause ends when
 * nobody reads the notices any more: it is time for all to end. Returns the next
 * pause. */
static int
pause_after(const struct guardian *g, int64_t lived_ms, int pause_ms)
{
	int most = g->pause_max_ms > 0 ? g->pause_max_ms : PAUSE_MS;
	struct pollfd reader = {.fd = g->notices};

	if (lived_ms >= most)
		return PAUSE_MS;
	poll(&reader, 1, pause_ms);
	if (reader.revents != 0)
		poll(NULL, 0, PAUSE_MS);
	return pause_ms < most / 2 ? pause_ms * 2 : most;
}

void
guardian_fork(struct guardian *g)
{
	bool replaces = g->lost >= 0;
	int life, status, pause_ms = PAUSE_MS;
	int64_t started;
	pid_t pid;

	if (replaces) {
		close(g->lost);
		send_notice(g, true, 0);
	}
	prctl(PR_SET_NAME, g->own_title);
	for (;;) {
		started = monotonic_ms();
		pid = fork_child(g, &life);
		if (pid == 0)
			return;
		if (pid > 0) {
			status = await_exit(pid);
			close(life);
			if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
				exit(EX_OK);
			send_notice(g, false, status);
		}
		pause_ms = pause_after(g, pid > 0 ? monotonic_ms() - started : 0,
				       pause_ms);
	}
}
