#include "daemon/conf/conf_defaults.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/sys/helper.h"
#include "maps/map.h"
#include "patterns/match/patterndir.h"

enum { POSTCONF_MS = 10 * 1000 };

/* Sanitizers open files and start processes, which the sandbox forbids. */
#ifdef WITHOUT_SANDBOX
enum { SANDBOX = CONF_SANDBOX_OFF };
#else
enum { SANDBOX = CONF_SANDBOX_AUTO };
#endif

static const char default_map[] = STATE_DIR "/pop-before-smtp";
/* Not DEFER_IF_PERMIT: the restrictions after it would reject the client for
 * good as one that may not relay. */
static const char limit_action[] =
    "DEFER 4.7.1 Too many recipients, try again later";

static bool
has_journal(void)
{
#ifdef WITHOUT_JOURNAL
	return false;
#else
	static const char *const journals[] = {"/var/log/journal/*/*.journal",
					       "/run/log/journal/*/*.journal"};
	bool there = access("/run/systemd/journal/socket", F_OK) == 0;
	glob_t found;

	/* The directory may exist although nothing writes to it. */
	for (size_t i = 0; i < 2 && !there; i++) {
		there = glob(journals[i], GLOB_NOSORT, NULL, &found) == 0;
		globfree(&found);
	}
	return there;
#endif
}

/* Only for those that use the log: --list has no need of it. */
static void
log_guess(const struct conf *conf, const char *what)
{
	if (conf->action == CONF_RUN || conf->action == CONF_CHECK)
		log_info("logfile is not set and none of the usual logs "
			 "exists; %s",
			 what);
}

/* Without a journal, one of two files will appear with the first mail. */
static void
default_logfile(struct conf *conf)
{
	static const char *const usual[] = {
	    "/var/log/maillog", "/var/log/mail.log", "/var/log/mail/info",
	    "/var/log/mail", "/var/log/messages"};
	struct stat st;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (stat(usual[i], &st) == 0 && S_ISREG(st.st_mode)) {
			strings_add(&conf->logfiles, usual[i]);
			return;
		}
	if (has_journal()) {
		strings_add(&conf->logfiles, "journal:");
		log_guess(conf, "following the journal; a log that appears "
				"later is found at the next start");
		return;
	}
	strings_add(&conf->logfiles, "/var/log/mail.log");
	strings_add(&conf->logfiles, "/var/log/maillog");
	log_guess(conf, conf->once ? "there is no journal either"
				   : "there is no journal either; waiting for "
				     "mail.log or maillog in /var/log");
}

/* A Postfix built without Berkeley DB reads no hash: map. */
static const char *
default_type(struct helper *helper)
{
	static const char *const argv[] = {"postconf", "-m", NULL};
	static const char *const choice[] = {"hash", "lmdb", "cdb"};
	const char *type = NULL;
	struct err err;
	char *known;

	if (helper_run(helper, argv, POSTCONF_MS, &known, &err) == 0)
		for (size_t i = 0; i < 3 && type == NULL; i++)
			if (helper_has_word(known, choice[i]) &&
			    map_check_type(choice[i], &err) == 0)
				type = choice[i];
	free(known);
	if (type == NULL || type == choice[0])
		return "hash";
	log_info("this Postfix does not read hash: maps; using %s:", type);
	return type;
}

static bool
has_type(const char *map)
{
	return strcspn(map, ":") < strcspn(map, "/");
}

static void
complete_maps(struct conf *conf, struct helper *helper)
{
	const char *type = NULL;

	if (conf->maps.count == 0)
		strings_add(&conf->maps, default_map);
	for (size_t i = 0; i < conf->maps.count; i++) {
		char *name = conf->maps.list[i];

		if (has_type(name))
			continue;
		if (type == NULL)
			type = conf->write ? default_type(helper) : "hash";
		conf->maps.list[i] = alloc_format("%s:%s", type, name);
		free(name);
	}
}

/* A map that Postfix reads only once comes before the map whose change makes it
 * read again. They are written and emptied in this order. */
static void
order_maps(struct strings *maps)
{
	for (size_t i = 0, at = 0; i < maps->count; i++) {
		char *map = maps->list[i];

		if (!map_spec_is_read_once(map))
			continue;
		memmove(&maps->list[at + 1], &maps->list[at],
			(i - at) * sizeof(*maps->list));
		maps->list[at++] = map;
	}
}

/* Beside the first map that is a file. */
static void
default_checkpoint(struct conf *conf)
{
	const char *name = default_map;

	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *path = strchr(conf->maps.list[i], ':') + 1;

		if (*path == '/') {
			name = path;
			break;
		}
	}
	conf->checkpoint = alloc_format("%s.state", name);
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void
conf_default_patterns(struct strings *dirs)
{
	static const char local[] = SYSCONF_DIR "/pop-before-smtp/patterns";
	char *shipped = patterndir_default();

	strings_add(dirs, shipped);
	free(shipped);
	if (is_directory(local))
		strings_add(dirs, local);
}

void
conf_defaults_begin(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->grace = 1800;
	conf->sandbox = SANDBOX;
	conf->session_max = 24 * 3600;
	conf->write = conf->flock = conf->mynetworks = true;
	conf->max_addresses = 1000000;
	conf->policy =
	    (struct policy_settings){.action = alloc_string("OK"),
				     .limit_action = alloc_string(limit_action),
				     .window = 3600,
				     .count_at = POLICY_RCPT};
	conf->ipv6_prefix = 128;
}

void
conf_defaults_complete(struct conf *conf, struct helper *helper)
{
	if (conf->logfiles.count == 0)
		default_logfile(conf);
	complete_maps(conf, helper);
	if (conf->checkpoint == NULL)
		default_checkpoint(conf);
	order_maps(&conf->maps);
	if (conf->patterns.count == 0)
		conf_default_patterns(&conf->patterns);
	if (conf->pidfile != NULL && conf->logto == NULL)
		conf->logto = alloc_string("syslog");
}
