#include "daemon/link/link_process.h"

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
