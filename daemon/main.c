/*
 * pop-before-smtp: lets addresses relay for a while after a POP or IMAP login.
 *
 * main composes; what there is to know stands in the headers. Where to begin:
 * daemon/worker/worker.h for the life of the daemon, daemon/pipeline/pipeline.h for the way
 * of a line.
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
#include "daemon/ipc/ipc_client.h"
#include "daemon/keeper/keeper.h"
#include "daemon/sandbox/privileges.h"
#include "daemon/worker/worker.h"

struct arguments {
	int argc;
	char **argv;
};

/* Where the messages go, and where the one sits who typed the command: once
 * the keeper's child is ready, that is nowhere. */
static int
complain(int code, const char *logto, const struct err *err)
{
	log_error("%s", err->text);
	if (logto != NULL && strcmp(logto, "-") != 0)
		fprintf(stderr, "pop-before-smtp: %s\n", err->text);
	return code;
}

/* SIGHUP: the same flags, the file as it is now. */
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
	struct worker *service;
	struct err err;
	int code;

	service = worker_open(conf, reread, arguments, handover, &code, &err);
	if (service == NULL)
		return complain(code, conf->logto, &err);
	code = worker_run(service);
	worker_close(&service);
	return code;
}

/* Who writes no map needs no keeper; and --once ends when it is done, and may
 * live in the time of an old log, which no keeper could check. */
static int
serve_alone(struct conf *conf, struct arguments *arguments)
{
	struct err err;

	if (conf->user != NULL && privileges_drop(conf->user, &err) != 0)
		return complain(EX_NOPERM, conf->logto, &err);
	return serve(conf, arguments, NULL);
}

static int
run(struct conf *conf, struct arguments *arguments)
{
	struct handover handover;
	struct err err;
	int code;

	if (log_open(conf->logto, conf->debug, &err) != 0)
		return complain(EX_CANTCREAT, NULL, &err);
	conf_warn(conf);
	if (!conf->write || conf->once)
		return serve_alone(conf, arguments);
	switch (keeper_run(conf, reread, arguments, &handover, &code, &err)) {
	case 0:
		return code;
	case -1:
		return complain(code, conf->logto, &err);
	}
	code = serve(conf, arguments, &handover);
	ipc_client_free(&handover.remote);
	exit(code);
}

int
main(int argc, char **argv)
{
	struct conf conf;
	struct arguments arguments = {argc, argv};
	struct err err;
	int code;

	alloc_give_back();
	code = conf_load(&conf, NULL, argc, argv, &err);
	if (code != 0)
		return complain(code, NULL, &err);
	if (conf.action == CONF_RUN)
		code = run(&conf, &arguments);
	else
		code = actions_run(&conf);
	conf_clear(&conf);
	return code;
}
