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

/* What a map without a type may be; the first one if Postfix does not answer.
 */
static const struct {
	const char *name, *suffix;
} types[] = {{"hash", ".db"}, {"lmdb", ".lmdb"}, {"cdb", ".cdb"}};
enum { NTYPES = sizeof(types) / sizeof(types[0]) };

struct default_type {
	bool asked;	       /* the rest is set */
	bool readable[NTYPES]; /* by Postfix, and we can write it */
	size_t index;
};

static bool
ask_postconf(struct helper *helper, const char *flag, const char *parameter,
	     char **answer)
{
	const char *const argv[] = {"postconf", flag, parameter, NULL};
	struct err err;

	return helper_run(helper, argv, POSTCONF_MS, answer, &err) == 0;
}

/* Postfix's own default, or else the first that it reads: one built without
 * Berkeley DB reads no hash. */
static void
find_default_type(struct default_type *type, struct helper *helper)
{
	char *known = NULL, *preferred = NULL;
	bool answered = ask_postconf(helper, "-m", NULL, &known);
	bool has_default =
	    ask_postconf(helper, "-h", "default_database_type", &preferred);
	struct err err;

	*type = (struct default_type){.asked = true};
	for (size_t i = NTYPES; i-- > 0;) {
		type->readable[i] = answered &&
				    helper_has_word(known, types[i].name) &&
				    map_check_type(types[i].name, &err) == 0;
		if (type->readable[i])
			type->index = i;
	}
	for (size_t i = 0; has_default && i < NTYPES; i++)
		if (type->readable[i] &&
		    helper_has_word(preferred, types[i].name))
			type->index = i;
	if (answered && type->index > 0 && !type->readable[0])
		log_info("this Postfix does not read hash: maps; using %s:",
			 types[type->index].name);
	else if (type->index > 0)
		log_info("using %s: maps, the default_database_type of this "
			 "Postfix",
			 types[type->index].name);
	free(known);
	free(preferred);
}

static bool
is_there(const char *name, size_t type)
{
	char *path = alloc_format("%s%s", name, types[type].suffix);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* A map that is there keeps its type when the default of Postfix changes:
 * main.cf names it, and would go on with what no daemon expires. */
static const char *
type_of(const struct default_type *type, const char *name)
{
	if (is_there(name, type->index))
		return types[type->index].name;
	for (size_t i = 0; i < NTYPES; i++)
		if (type->readable[i] && is_there(name, i)) {
			log_info("%s%s exists: using %s:, not %s:", name,
				 types[i].suffix, types[i].name,
				 types[type->index].name);
			return types[i].name;
		}
	return types[type->index].name;
}

static bool
has_type(const char *map)
{
	return strcspn(map, ":") < strcspn(map, "/");
}

static void
complete_maps(struct conf *conf, struct helper *helper)
{
	struct default_type type = {0};

	if (conf->maps.count == 0)
		strings_add(&conf->maps, default_map);
	for (size_t i = 0; i < conf->maps.count; i++) {
		char *name = conf->maps.list[i];

		if (has_type(name))
			continue;
		if (conf->write && !type.asked)
			find_default_type(&type, helper);
		conf->maps.list[i] =
		    alloc_format("%s:%s", type_of(&type, name), name);
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

/* Beside the first map that is a file, unless that is in RUN_DIR, which a
 * reboot empties. */
static void
default_checkpoint(struct conf *conf)
{
	const char *name = default_map;

	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *path = strchr(conf->maps.list[i], ':') + 1;

		if (*path != '/')
			continue;
		if (strncmp(path, RUN_DIR "/", strlen(RUN_DIR "/")) != 0)
			name = path;
		break;
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

/* Whether the list says `none'; it is empty afterwards. */
static bool
take_none(struct strings *list)
{
	if (list->count != 1 || strcmp(list->list[0], CONF_NONE) != 0)
		return false;
	strings_clear(list);
	return true;
}

void
conf_defaults_complete(struct conf *conf, struct helper *helper)
{
	if (!take_none(&conf->logfiles) && conf->logfiles.count == 0)
		default_logfile(conf);
	if (take_none(&conf->maps))
		conf->mynetworks = false;
	else
		complete_maps(conf, helper);
	if (conf->checkpoint == NULL)
		default_checkpoint(conf);
	order_maps(&conf->maps);
	if (conf->patterns.count == 0)
		conf_default_patterns(&conf->patterns);
	if (conf->pidfile != NULL && conf->logto == NULL)
		conf->logto = alloc_string("syslog");
}
