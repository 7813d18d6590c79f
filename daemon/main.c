/*
 * pop-before-smtp: lets addresses relay for a while after a POP or IMAP login.
 *
 * main composes; what there is to know stands in the headers. Where to begin:
 * daemon/service.h for the life of the daemon, daemon/pipeline.h for the way
 * of a line.
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/actions.h"
#include "daemon/conf.h"
#include "daemon/keeper.h"
#include "daemon/privileges.h"
#include "daemon/service.h"

struct arguments {
	int argc;
	char **argv;
};

static int
complain(int code, const struct err *err)
{
	log_error("%s", err->text);
	return code;
}

/* SIGHUP: the same flags, the file as it is now. */
static int
reread(void *arg, struct conf *conf, struct err *err)
{
	const struct arguments *a = arg;

	return conf_load(conf, a->argc, a->argv, err) == 0 ? 0 : -1;
}

static int
serve(struct conf *conf, struct arguments *arguments, int ready_fd)
{
	struct service *service;
	struct err err;
	int code;

	if (conf->user != NULL && privileges_drop(conf->user, &err) != 0)
		return complain(EX_NOPERM, &err);
	service = service_open(conf, reread, arguments, ready_fd, &err);
	if (service == NULL)
		return complain(EX_CONFIG, &err);
	code = service_run(service);
	service_close(&service);
	return code;
}

static int
run(struct conf *conf, struct arguments *arguments)
{
	struct err err;
	int ready_fd = -1, code = EX_OK;

	if (log_open(conf->logto, conf->debug, &err) != 0)
		return complain(EX_CANTCREAT, &err);
	if (conf->pidfile != NULL) {
		switch (keeper_run(conf, &ready_fd, &code, &err)) {
		case 0:
			return code;
		case -1:
			return complain(EX_OSERR, &err);
		}
	}
	return serve(conf, arguments, ready_fd);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = {argc, argv};
	struct conf conf;
	struct err err;
	int code;

	code = conf_load(&conf, argc, argv, &err);
	if (code != 0)
		return complain(code, &err);
	if (conf.action == CONF_RUN)
		code = run(&conf, &arguments);
	else
		code = actions_run(&conf);
	conf_clear(&conf);
	return code;
}
