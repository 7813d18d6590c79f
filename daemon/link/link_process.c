#include "daemon/link/link_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc.h"
#include "daemon/link/credentials.h"
#include "daemon/link/link.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/guardian.h"

/* 1, 2, 4 ... 60 s: what kills it may be stored in an engine. */
enum { PAUSE_MAX_MS = 60 * 1000 };

struct link_process {
	int end, notices;
	pid_t pid; /* the guardian; 0: it has died */
};

/* ---- pbs-link and its guardian ---- */

/* The keeper handles signals. In the foreground, standard error is the log. */
static void
leave_keeper(const struct conf *conf, int end, int notices)
{
	const int kept[] = {end, notices, log_descriptor()};
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1,
				      SIGPIPE};

	daemonize_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	log_reconnect();
	if (conf->pidfile != NULL)
		daemonize_redirect(daemonize_open_null());
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* Reads the files with secrets while it still may. */
static int
work(const struct conf *conf, int end)
{
	struct credentials credentials;
	struct err err;
	int code;

	if (credentials_open(&credentials, conf->peers, &err) != 0) {
		log_error("pbs-link: %s", err.text);
		return EX_CONFIG;
	}
	if (sandbox_link(conf, &err) != 0) {
		log_error("pbs-link: %s", err.text);
		code = EX_OSERR;
	} else {
		code = link_run(end, &credentials);
	}
	credentials_close(&credentials);
	return code;
}

static void
be_link(const struct conf *conf, int end, int notices)
{
	struct guardian guardian = {.worker_title = "pbs-link",
				    .own_title = "pbs-guardian",
				    .notices = notices,
				    .pause_max_ms = PAUSE_MAX_MS,
				    .lost = -1};

	leave_keeper(conf, end, notices);
	guardian_fork(&guardian);
	close(notices);
	exit(work(conf, end));
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

struct link_process *
link_process_start(const struct conf *conf, struct err *err)
{
	struct link_process *p;
	int ends[2], notices[2];
	pid_t pid;

	if (open_ends(ends, notices, err) != 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		be_link(conf, ends[1], notices[1]);
	close(ends[1]);
	close(notices[1]);
	p = alloc_zero(1, sizeof(*p));
	*p = (struct link_process){ends[0], notices[0], pid};
	if (pid > 0)
		return p;
	err_set(err, "fork: %s", strerror(errno));
	link_process_stop(&p);
	return NULL;
}

void
link_process_stop(struct link_process **p)
{
	if (*p == NULL)
		return;
	close((*p)->end);
	close((*p)->notices);
	free(*p);
	*p = NULL;
}

void
link_process_reap(struct link_process *p)
{
	if (p != NULL && p->pid != 0 &&
	    waitpid(p->pid, NULL, WNOHANG) == p->pid)
		p->pid = 0;
}

int
link_process_descriptor(const struct link_process *p)
{
	return p != NULL ? p->end : -1;
}

int
link_process_notices(const struct link_process *p)
{
	return p->notices;
}

static void
log_notice(const struct guardian_notice *notice)
{
	int status = notice->status;

	if (WIFSIGNALED(status))
		log_warning("pbs-link died of signal %d (%s); starting "
			    "another",
			    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_warning("pbs-link died with exit code %d; starting "
			    "another",
			    WEXITSTATUS(status));
}

bool
link_process_log_notices(struct link_process *p)
{
	struct guardian_notice notice;
	ssize_t n;

	while ((n = read(p->notices, &notice, sizeof(notice))) ==
	       (ssize_t)sizeof(notice))
		log_notice(&notice);
	if (n < 0)
		return true;
	log_error("the guardian of pbs-link died: if pbs-link dies, too, other "
		  "hosts are not heard, nor told, until the daemon is started "
		  "again");
	return false;
}
