#include "daemon/actions.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/listing.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_socket.h"
#include "daemon/configtest.h"
#include "daemon/publish/former_maps.h"
#include "daemon/publish/resources.h"
#include "daemon/sandbox/privileges.h"
#include "daemon/sys/daemonize.h"
#include "daemon/table/authtab.h"
#include "daemon/worker/checkpoint.h"
#include "daemon/worker/control.h"
#include "maps/map.h"

static int
fail(int code, const char *text)
{
	fprintf(stderr, "pop-before-smtp: %s\n", text);
	return code;
}

/* ---- --list ---- */

static int
print_answer(char *answer)
{
	int width = listing_width(answer), code = EX_OK;
	char *at, *line;

	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		struct listing row;

		if (listing_read(&row, line) != 0) {
			code = fail(EX_PROTOCOL, "malformed answer");
			continue;
		}
		listing_print(stdout, &row, width);
		listing_clear(&row);
	}
	return code;
}

/* The table that a checkpoint is read into. */
struct kept {
	struct authtab *table;
	time_t now;
};

static void
keep_row(void *arg, const struct checkpoint_login *row)
{
	struct kept *kept = arg;
	struct authtab_login login = {.addr = *row->addr,
				      .user = row->user,
				      .user_len = row->user_len,
				      .when = row->when,
				      .expires = row->expires,
				      .until = row->held};

	if (row->rule != NULL)
		login.rule = authtab_rule(kept->table, row->rule);
	authtab_grant(kept->table, &login, kept->now);
}

static void
write_table(FILE *out, const struct authtab *table, time_t now)
{
	struct authtab_row row;
	size_t at = 0;

	while (authtab_next(table, &at, &row)) {
		struct listing listing = {.addr = row.addr,
					  .when = row.when,
					  .expires = (time_t)row.expires};

		if (row.rule != NULL)
			listing.rule = alloc_string(row.rule);

		for (size_t i = 0; i < row.nusers; i++)
			if (row.users[i].expires > now)
				strings_add(&listing.users, row.users[i].name);
		listing_write(out, &listing);
		listing_clear(&listing);
	}
}

/* Prints the table as if a daemon had answered. */
static void
print_table(const struct authtab *table, time_t now)
{
	char *lines = NULL;
	size_t len;
	FILE *out = open_memstream(&lines, &len);

	write_table(out, table, now);
	fclose(out);
	print_answer(lines);
	free(lines);
}

/* Nobody believes a checkpoint of another user, but it is as good for a list as
 * for the daemon, whose user root becomes. */
static int
become_reader(const struct conf *conf, struct err *err)
{
	const struct passwd *pw = NULL;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (conf->user != NULL)
		return privileges_drop(conf->user, err);
	if (lstat(conf->checkpoint, &st) == 0 && st.st_uid != 0)
		pw = getpwuid(st.st_uid);
	return pw != NULL ? privileges_drop(pw->pw_name, err) : 0;
}

static int
fail_list(int code, const struct err *err)
{
	fprintf(stderr,
		"pop-before-smtp: no daemon is running, and what it has saved "
		"cannot be listed: %s\n",
		err->text);
	return code;
}

static int
list_checkpoint(const struct conf *conf, time_t now)
{
	struct kept kept = {.now = now};
	struct logpos *pos = NULL;
	size_t npos = 0;
	struct err err;
	int found;

	kept.table = authtab_new(conf->grace, conf->max_addresses, NULL, NULL);
	authtab_set_hold(kept.table, conf_hold(conf), now);
	found = checkpoint_load(conf->checkpoint, NULL, keep_row, &kept, NULL,
				&pos, &npos, &err);
	if (found > 0)
		print_table(kept.table, now);
	authtab_free(&kept.table);
	for (size_t i = 0; i < npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
	if (found < 0)
		return fail_list(access(conf->checkpoint, R_OK) == 0
				     ? EX_DATAERR
				     : EX_NOINPUT,
				 &err);
	fprintf(stderr, "pop-before-smtp: no daemon is running; %s %s%s\n",
		found > 0 ? "these would be authorized if it "
			    "started, according to"
			  : "there is no",
		conf->checkpoint,
		found > 0 ? "; its logs may add others" : "");
	return EX_OK;
}

static int
list(const struct conf *conf)
{
	char *path = conf_socket(conf), *answer = NULL;
	enum ctlsocket_reply reply;
	struct err err;
	struct loop *loop;
	size_t len;
	FILE *out = open_memstream(&answer, &len);
	int code;

	reply = ctlsocket_ask(path, "list", out, &err);
	fclose(out);
	free(path);
	code = reply == CTLSOCKET_YES ? print_answer(answer) : EX_UNAVAILABLE;
	free(answer);
	if (reply == CTLSOCKET_YES)
		return code;
	if (reply != CTLSOCKET_NOBODY)
		return fail(code, err.text);
	loop = loop_new(&err);
	if (loop == NULL)
		return fail(EX_OSERR, err.text);
	code = become_reader(conf, &err) == 0
		   ? list_checkpoint(conf, loop_now(loop))
		   : fail_list(EX_NOPERM, &err);
	loop_free(&loop);
	return code;
}

/* ---- other actions ---- */

static int
dump_config(const struct conf *conf)
{
	conf_dump(conf);
	return EX_OK;
}

static int
clear_map(const struct conf *conf, const char *name)
{
	const struct map_settings settings = conf_map_settings(conf);
	struct map *map = NULL;
	struct err err;
	int code = EX_OK;

	if (conf_check_user(conf, name, &err) == 0)
		map = map_open(name, "hash", &settings, &err);
	if (map == NULL || map_clear(map, &err) != 0)
		code = fail(EX_CANTCREAT, err.text);
	else
		printf("cleared %s\n", name);
	if (map != NULL)
		map_close(&map);
	return code;
}

static int
clear_maps(const struct conf *conf)
{
	int code = EX_OK;

	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *name = conf->maps.list[i];

		if (!map_spec_is_live(name) &&
		    clear_map(conf, name) != EX_OK)
			code = EX_CANTCREAT;
	}
	return code;
}

/* A running daemon, even one that does not answer, would write its table again;
 * its locks reveal it. If the locks cannot be taken for another reason, such as
 * a read-only disk, the maps are cleared all the same. */
static int
clear(const struct conf *conf)
{
	struct former_maps former = {0};
	struct resources resources;
	struct err err;
	bool locked;
	int code;

	if (!conf->write)
		return fail(EX_USAGE, "--clear: not with --nowrite");
	locked = resources_lock(&resources, conf, &err) == 0;
	if (!locked && resources.held) {
		fprintf(stderr, "pop-before-smtp: %s\n", err.text);
		code = fail(EX_TEMPFAIL,
			    "--clear: the daemon is running and would "
			    "write them again; stop it (that clears them), "
			    "or use pbsctl remove");
	} else {
		code = clear_maps(conf);
		if (former_maps_clear(&former, conf) != 0)
			code = EX_CANTCREAT;
		if (locked)
			former_maps_save(&former, conf,
					 code == EX_OK ? FORMER_MAPS_NONE
						       : FORMER_MAPS_ALL);
	}
	former_maps_forget(&former);
	resources_release(&resources);
	return code;
}

static int
version(const struct conf *conf)
{
	(void)conf;
	puts("pop-before-smtp " VERSION);
	return EX_OK;
}

static int
help(const struct conf *conf)
{
	(void)conf;
	conf_usage();
	return EX_OK;
}

static int (*const actions[])(const struct conf *) = {
    [CONF_LIST] = list,
    [CONF_DUMPCONFIG] = dump_config,
    [CONF_CHECK] = configtest_run,
    [CONF_CLEAR] = clear,
    [CONF_VERSION] = version,
    [CONF_HELP] = help,
};

/* Maps and logs belong to the daemon's user, so --check must find out what that
 * user may do, and root must not write in that user's directory. */
static bool
wants_user(const struct conf *conf)
{
	return conf->user != NULL && geteuid() == 0 &&
	       (conf->action == CONF_CHECK || conf->action == CONF_CLEAR);
}

int
actions_run(const struct conf *conf)
{
	struct err err;
	int code;

	daemonize_release_signals();
	if (wants_user(conf) && privileges_drop(conf->user, &err) != 0)
		return fail(EX_NOPERM, err.text);
	code = actions[conf->action](conf);

	if (fflush(stdout) == 0)
		return code;
	fprintf(stderr, "pop-before-smtp: standard output: %s\n",
		strerror(errno));
	return code == EX_OK ? EX_IOERR : code;
}
