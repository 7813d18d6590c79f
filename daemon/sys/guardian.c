#include "daemon/sys/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "daemon/ipc/ipc.h"
#include "daemon/sys/daemonize.h"

enum { PAUSE_MS = 1000 };

struct guardian {
	const struct guardian_task *task;
	int end, notices;
	pid_t pid; /* of the first one; 0: it has died */
};

/* What is written to the pipe of notices. */
struct notice {
	bool guardian; /* it is the guardian that had died */
	int status;    /* of waitpid(2); only of the process that works */
};

/* ---- the guardian ---- */

/* A full pipe means that nobody reads notices any more. */
static void
send_notice(const struct guarded *g, bool guardian, int status)
{
	const struct notice notice = {guardian, status};

	if (write(g->notices, &notice, sizeof(notice)) < 0)
		return;
}

/* Waits for at most timeout_ms until the keeper has ended, which alone has the
 * reading end of the notices. */
static bool
has_no_keeper(const struct guarded *g, int timeout_ms)
{
	struct pollfd keeper = {.fd = g->notices};

	poll(&keeper, 1, timeout_ms);
	return keeper.revents != 0;
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
fork_child(struct guarded *g, int *life)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		g->lost = ends[0];
		prctl(PR_SET_NAME, g->task->title);
		return 0;
	}
	close(ends[0]);
	*life = ends[1];
	if (pid < 0)
		close(ends[1]);
	return pid;
}

/* Ends with the child if that has done its work. */
static void
await_child(const struct guarded *g, pid_t pid, int life)
{
	int status = await_exit(pid);

	close(life);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
		exit(EX_OK);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != GUARDIAN_RENEW)
		send_notice(g, false, status);
}

/* After a child has died; one that dies at once is not started again at once.
 * Returns the next pause. */
static int
pause_after(const struct guarded *g, int64_t lived_ms, int pause_ms)
{
	int most = g->task->pause_max_ms > 0 ? g->task->pause_max_ms : PAUSE_MS;

	if (lived_ms >= most)
		return PAUSE_MS;
	has_no_keeper(g, pause_ms);
	return pause_ms < most / 2 ? pause_ms * 2 : most;
}

/* Returns in each child. Without the keeper there is at most one more. */
static void
guard(struct guarded *g)
{
	int life, pause_ms = PAUSE_MS;
	bool alone = false;
	int64_t started;
	pid_t pid;

	prctl(PR_SET_NAME, "pbs-guardian");
	while (!alone) {
		started = monotonic_ms();
		alone = has_no_keeper(g, 0);
		pid = alone && !g->task->is_last ? -1 : fork_child(g, &life);
		if (pid == 0)
			return;
		if (pid > 0)
			await_child(g, pid, life);
		pause_ms = pause_after(
		    g, pid > 0 ? monotonic_ms() - started : 0, pause_ms);
	}
	exit(EX_OK);
}

void
guardian_replace(struct guarded *g)
{
	close(g->lost);
	send_notice(g, true, 0);
	guard(g);
}

/* Only the keeper may have locks and maps, and signals are for the keeper. */
static void
leave_keeper(const struct guarded *g, bool background)
{
	const int kept[] = {g->end, g->notices, log_descriptor()};
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1,
				      SIGPIPE};

	daemonize_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	log_reconnect();
	if (background)
		daemonize_redirect(daemonize_open_null());
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

static void
be_guardian(struct guarded g, void *arg, bool background)
{
	leave_keeper(&g, background);
	guard(&g);
	exit(g.task->run(&g, arg));
}

/* ---- the keeper ---- */

static int
open_ends(int ends[2], int notices[2], struct err *err)
{
	if (ipc_open(ends, err) != 0)
		return -1;
	if (pipe2(notices, O_CLOEXEC | O_NONBLOCK) == 0)
		return 0;
	err_set(err, "pipe: %s", strerror(errno));
	close(ends[0]);
	close(ends[1]);
	return -1;
}

struct guardian *
guardian_start(const struct guardian_task *task, void *arg, bool background,
	       struct err *err)
{
	struct guardian *g;
	int ends[2], notices[2];
	pid_t pid;

	if (open_ends(ends, notices, err) != 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		be_guardian((struct guarded){task, ends[1], notices[1], -1},
			    arg, background);
	close(ends[1]);
	close(notices[1]);
	g = alloc_zero(1, sizeof(*g));
	*g = (struct guardian){task, ends[0], notices[0], pid};
	if (pid > 0)
		return g;
	err_set(err, "fork: %s", strerror(errno));
	guardian_stop(&g);
	return NULL;
}

void
guardian_stop(struct guardian **g)
{
	if (*g == NULL)
		return;
	close((*g)->end);
	close((*g)->notices);
	free(*g);
	*g = NULL;
}

void
guardian_reap(struct guardian *g)
{
	if (g->pid != 0 && waitpid(g->pid, NULL, WNOHANG) == g->pid)
		g->pid = 0;
}

int
guardian_descriptor(const struct guardian *g)
{
	return g->end;
}

int
guardian_notices(const struct guardian *g)
{
	return g->notices;
}

static void
log_notice(const struct guardian_task *task, const struct notice *notice)
{
	int status = notice->status;

	if (notice->guardian)
		log_warning("the guardian of %s died; there is a new one",
			    task->name);
	else if (WIFSIGNALED(status))
		log_warning("%s died of signal %d (%s); starting another",
			    task->name, WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	else
		log_warning("%s died with exit code %d, and has logged why; "
			    "starting another",
			    task->name, WEXITSTATUS(status));
}

bool
guardian_log_notices(struct guardian *g)
{
	struct notice notice;
	ssize_t n;

	while ((n = read(g->notices, &notice, sizeof(notice))) ==
	       (ssize_t)sizeof(notice))
		log_notice(g->task, &notice);
	if (n < 0)
		return true;
	log_error("%s", g->task->loss);
	return false;
}
