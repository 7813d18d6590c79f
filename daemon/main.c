/*
 * pop-before-smtp: lets addresses relay for a while after a POP or IMAP login.
 *
 * main only composes; the headers explain. Begin with daemon/keeper/keeper.h
 * and daemon/worker/worker.h for the two processes, and with
 * daemon/pipeline/pipeline.h for what becomes of a log line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/actions.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/keeper/keeper.h"
#include "daemon/sandbox/privileges.h"
#include "daemon/sys/daemonize.h"
#include "daemon/worker/worker.h"

struct arguments {
	int argc;
	char **argv;
};

/* Logs the error. If the log is elsewhere, also prints it on standard error for
 * whoever started us. */
static int
fail(int code, const char *logto, const struct err *err)
{
	log_error("%s", err->text);
	if (logto != NULL && strcmp(logto, "-") != 0)
		fprintf(stderr, "pop-before-smtp: %s\n", err->text);
	return code;
}

/* For SIGHUP: the same flags, and the file as it is now. */
static int
reread(void *arg, struct helper *helper, struct conf *conf, struct err *err)
{
	const struct arguments *a = arg;

	return conf_load(conf, helper, a->argc, a->argv, err) == 0 ? 0 : -1;
}

static int
serve(struct conf *conf, struct arguments *arguments,
      const struct handover *handover)
{
	struct worker *worker;
	struct err err;
	int code;

	worker = worker_open(conf, reread, arguments, handover, &code, &err);
	if (worker == NULL)
		return fail(code, conf->logto, &err);
	code = worker_run(worker);
	worker_close(&worker);
	return code;
}

/* Without a keeper: with --nowrite there are no maps to own; --once ends by
 * itself, and may replay an old log, whose expiries no keeper could check. */
static int
serve_alone(struct conf *conf, struct arguments *arguments)
{
	struct err err;

	if (conf->user != NULL && privileges_drop(conf->user, &err) != 0)
		return fail(EX_NOPERM, conf->logto, &err);
	conf_warn_log(conf);
	return serve(conf, arguments, NULL);
}

static int
run(struct conf *conf, struct arguments *arguments)
{
	struct handover handover;
	struct err err;
	int code;

	if (log_open(conf->logto, conf->debug, &err) != 0)
		return fail(EX_CANTCREAT, NULL, &err);
	conf_warn(conf);
	if (!conf->write || conf->once)
		return serve_alone(conf, arguments);
	switch (keeper_run(conf, reread, arguments, &handover, &code, &err)) {
	case 0:
		return code;
	case -1:
		return fail(code, conf->logto, &err);
	}
	code = serve(conf, arguments, &handover);
	ipc_client_free(&handover.client);
	exit(code);
}

int
main(int argc, char **argv)
{
	struct conf conf;
	struct arguments arguments = {argc, argv};
	struct err err;
	int code;

	daemonize_hold_signals();
	alloc_give_back();
	code = conf_load(&conf, NULL, argc, argv, &err);
	if (code != 0)
		return fail(code, NULL, &err);
	if (conf.action == CONF_RUN)
		code = run(&conf, &arguments);
	else
		code = actions_run(&conf);
	conf_clear(&conf);
	return code;
}
