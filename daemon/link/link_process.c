#include "daemon/link/link_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/link/credentials.h"
#include "daemon/link/link.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/guardian.h"

/* 1, 2, 4 ... 60 s: what kills it may be stored in an engine. */
enum { PAUSE_MAX_MS = 60 * 1000 };

/* Reads the files with secrets while it still may. */
static int
work(struct guarded *g, void *arg)
{
	const struct conf *conf = arg;
	struct credentials credentials;
	struct err err;
	int code = EX_OSERR;

	close(g->notices);
	if (credentials_open(&credentials, conf->peers, &err) != 0) {
		log_error("pbs-link: %s", err.text);
		return EX_CONFIG;
	}
	if (sandbox_link(conf, &err) != 0)
		log_error("pbs-link: %s", err.text);
	else
		code = link_run(g->end, &credentials);
	credentials_close(&credentials);
	return code;
}

/* ---- the keeper ---- */

static void
try_credentials(const struct conf *conf, int answer)
{
	struct credentials credentials;
	struct err err = {""};

	if (credentials_open(&credentials, conf->peers, &err) == 0)
		credentials_close(&credentials);
	_exit(write(answer, &err, sizeof(err)) < 0);
}

/* In a child process: a secret read by the keeper would remain in the memory of
 * each worker. If no child can be created, starting pbs-link fails and reports
 * it. */
int
link_process_check(const struct conf *conf, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	pid = fork();
	if (pid == 0)
		try_credentials(conf, ends[1]);
	close(ends[1]);
	err->text[0] = '\0';
	if (pid > 0 && read(ends[0], err, sizeof(*err)) != sizeof(*err))
		err_set(err, "the process that reads the password died");
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err->text[0] == '\0' ? 0 : err_prefix(err, "peers");
}

struct guardian *
link_process_start(struct conf *conf, struct err *err)
{
	static const struct guardian_task task = {
	    .name = "pbs-link",
	    .title = "pbs-link",
	    .loss = "the guardian of pbs-link died: if pbs-link dies, too, "
		    "other hosts are not heard, nor told, until the daemon is "
		    "started again",
	    .run = work,
	    .pause_max_ms = PAUSE_MAX_MS};

	return guardian_start(&task, conf, conf->pidfile != NULL, err);
}
