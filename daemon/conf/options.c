#include "daemon/conf/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/suggest.h"
#include "base/unixsocket.h"
#include "daemon/conf/access_value.h"
#include "daemon/conf/conf_journal.h"
#include "daemon/conf/conf_socket.h"
#include "daemon/conf/options_policy.h"
#include "maps/map.h"

enum {
	OPTIONS_MAX = 64,	   /* bounds the words of suggest_from() */
	VALUE_MAX = 4096,	   /* bytes of one value: a path */
	ADDRESSES_MAX = 100000000, /* some 10 GB of memory */
};

static const char *const sandbox_words[] = {
    [CONF_SANDBOX_AUTO] = "auto", [CONF_SANDBOX_OFF] = "off", NULL};

/* Taken for a file, either would be waited for in vain: only one directory is
 * looked through for the files that match a '*'. */
static int
check_logfile(const char *text, struct err *err)
{
	const char *star = strchr(text, '*');

	if (strcmp(text, "journal") == 0)
		return err_set(err, "'journal' is no file; the systemd journal "
				    "is 'journal:', with a colon");
	if (strncmp(text, "journal:", 8) == 0)
		return conf_check_journal(text, err) == 0
			   ? 0
			   : err_prefix(err, "%s", text);
	if (star == NULL || strchr(star, '/') == NULL)
		return 0;
	return err_set(err,
		       "'%s' has a '*' in a directory; '*' is only allowed in "
		       "the last part, the name of the file",
		       text);
}

/* The daemon may run in another directory than who wrote the name. */
static int
check_metrics(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (*text != '/')
		return err_set(err, "'%s' is relative; write the whole path",
			       text);
	if (len < 5 || strcmp(text + len - 5, ".prom") != 0)
		return err_set(err,
			       "'%s' does not end with .prom, so node_exporter "
			       "would not read it",
			       text);
	return 0;
}

/* clang-format off */
#define AT(member) offsetof(struct conf, member)

const struct option options[] = {
	{ "logfile", OPTION_LIST, AT(logfiles), "FILE",
	  .help = "log to follow; repeatable; - is standard input, journal: the "
		  "journal; none",
	  .alias = "watchlog", .check = check_logfile },
	{ "dbfile", OPTION_MAPS, AT(maps), "[TYPE:]NAME",
	  .help = "lookup table to maintain, as named in Postfix; repeatable; none" },
	{ "grace", OPTION_TIME, AT(grace), "TIME",
	  .help = "how long a login authorizes: seconds, or with s, m, h, d (1800)" },
	{ "sessions", OPTION_BOOL, AT(sessions), NULL,
	  .help = "keep an address authorized until its session ends" },
	{ "session_max", OPTION_TIME, AT(session_max), "TIME",
	  .help = "... but no longer than this from its login (24h)" },
	{ "write", OPTION_BOOL, AT(write), NULL,
	  .help = "nowrite: do not open or change any map" },
	{ "debug", OPTION_BOOL, AT(debug), NULL,
	  .help = "log what was done with each line that a rule matches, and why" },
	{ "flock", OPTION_BOOL, AT(flock), NULL,
	  .help = "hold the lock of Postfix's own tools while replacing a map" },
	{ "reprocess", OPTION_BOOL, AT(reprocess), NULL,
	  .help = "start at the first line of the log, with its time as now" },
	{ "once", OPTION_BOOL, AT(once), NULL,
	  .help = "read to the end of the log, publish, exit" },
	{ "config", OPTION_STRING, AT(config_file), "FILE",
	  .help = "the YAML configuration", .flag_only = true },
	{ "patterns", OPTION_LIST, AT(patterns), "DIR",
	  .help = "directory of pattern files; repeatable, later ones override" },
	{ "enable", OPTION_LIST, AT(enable), "RULE",
	  .help = "enable an optional rule; repeatable" },
	{ "daemon", OPTION_STRING, AT(pidfile), "PIDFILE",
	  .help = "run in the background; a keeper replaces a worker that dies" },
	{ "checkpoint", OPTION_STRING, AT(checkpoint), "FILE",
	  .check = conf_check_socket,
	  .help = "file that keeps the table and log positions across a restart" },
	{ "metrics", OPTION_STRING, AT(metrics), "FILE",
	  .check = check_metrics,
	  .help = "file of metrics for node_exporter, replaced every 15 s" },
	{ "logto", OPTION_STRING, AT(logto), "FILE",
	  .help = "where messages go; - is standard output; syslog" },
	{ "user", OPTION_STRING, AT(user), "NAME",
	  .help = "run as this user, from before any log or map is opened" },
	{ "sandbox", OPTION_WORD, AT(sandbox), "auto|off",
	  .help = "give up unneeded privileges: seccomp, Landlock (auto)",
	  .words = sandbox_words },
	{ "value", OPTION_STRING, AT(value), "TEXT",
	  .check = access_value_check,
	  .help = "fixed value for each key of the map, such as permit" },
	{ "max_addresses", OPTION_NUMBER, AT(max_addresses), "NUMBER",
	  .help = "maximum number of addresses (1000000)",
	  .min = 1, .max = ADDRESSES_MAX },
	{ "ipv6_prefix", OPTION_PREFIX, AT(ipv6_prefix), "BITS",
	  .help = "64: a login over IPv6 authorizes its whole /64 (128)" },
	{ "mynetworks", OPTION_BOOL, AT(mynetworks), NULL,
	  .help = "never write addresses of Postfix's mynetworks" },
	{ "exclude", OPTION_NETWORKS, AT(exclude), "NETWORK",
	  .help = "never write addresses of this network; repeatable" },
	{ "list", OPTION_ACTION, CONF_LIST, NULL,
	  .help = "print who is authorized, since and until when",
	  .flag_only = true },
	{ "dumpconfig", OPTION_ACTION, CONF_DUMPCONFIG, NULL,
	  .help = "print the configuration in effect as YAML", .flag_only = true },
	{ "check", OPTION_ACTION, CONF_CHECK, NULL,
	  .help = "validate configuration, patterns, maps and logs",
	  .flag_only = true },
	{ "clear", OPTION_ACTION, CONF_CLEAR, NULL,
	  .help = "empty the maps", .flag_only = true },
	{ "version", OPTION_ACTION, CONF_VERSION, NULL,
	  .help = "print the version", .flag_only = true },
	{ "help", OPTION_ACTION, CONF_HELP, NULL,
	  .help = "print this", .flag_only = true },
	OPTIONS_POLICY,
	{ .name = NULL },
};
/* clang-format on */

static bool
same_name(const char *known, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i] == '-' ? '_' : name[i];

		if (known[i] == '\0' || known[i] != c)
			return false;
	}
	return known[len] == '\0';
}

static bool
option_is(const struct option *o, const char *name, size_t len)
{
	return same_name(o->name, name, len) ||
	       (o->alias != NULL && same_name(o->alias, name, len));
}

const struct option *
option_find(const char *name, size_t len)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (o->section == NULL && option_is(o, name, len))
			return o;
	return NULL;
}

static bool
in_section(const struct option *o, const char *section)
{
	return section == NULL || o->section == NULL
		   ? section == o->section
		   : strcmp(o->section, section) == 0;
}

const char *
option_flag(const char *name, char flag[OPTION_FLAG_MAX])
{
	snprintf(flag, OPTION_FLAG_MAX, "--%s", name);
	for (char *at = flag; *at != '\0'; at++)
		if (*at == '_')
			*at = '-';
	return flag;
}

const struct option *
option_key(const char *section, const char *name)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (!o->flag_only && in_section(o, section) &&
		    option_is(o, name, strlen(name)))
			return o;
	return NULL;
}

bool
option_is_section(const char *name)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (o->section != NULL && in_section(o, name))
			return true;
	return false;
}

const char *
option_section_of(const char *name)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (o->section != NULL && option_is(o, name, strlen(name)))
			return o->section;
	return NULL;
}

static const char *
suggest_from(const char *section, const char *name, bool keys)
{
	const char *words[2 * OPTIONS_MAX + 3];
	size_t n = 0;

	for (const struct option *o = options; o->name != NULL; o++) {
		if (!in_section(o, section) || (keys && o->flag_only)) {
			if (keys && section == NULL && o->section != NULL)
				words[n++] = o->section;
			continue;
		}
		words[n++] = o->name;
		if (o->alias != NULL)
			words[n++] = o->alias;
	}
	if (keys && section == NULL) {
		words[n++] = "text";
		words[n++] = "peers";
	}
	words[n] = NULL;
	return suggest(name, words);
}

const char *
option_suggest_flag(const char *name)
{
	return suggest_from(NULL, name, false);
}

const char *
option_suggest_key(const char *section, const char *name)
{
	return suggest_from(section, name, true);
}

bool
option_is_list(const struct option *o)
{
	return o->kind == OPTION_LIST || o->kind == OPTION_MAPS ||
	       o->kind == OPTION_NETWORKS;
}

void *
option_value(const struct option *o, const struct conf *conf)
{
	return (char *)conf + o->offset;
}

void
option_clear(const struct option *o, struct conf *conf)
{
	if (o->kind == OPTION_NETWORKS) {
		free(conf->exclude);
		conf->exclude = NULL;
		conf->nexclude = 0;
	} else {
		strings_clear(option_value(o, conf));
	}
}

void
option_set_bool(const struct option *o, struct conf *conf, bool value)
{
	*(bool *)option_value(o, conf) = value;
}

/* ---- one function for each kind, as option_set() ---- */

static int
set_bool(const struct option *o, struct conf *conf, const char *text,
	 struct err *err)
{
	static const char *const words[] = {"yes", "no",  "true", "false",
					    "on",  "off", NULL};

	for (size_t i = 0; words[i] != NULL; i++)
		if (strcasecmp(text, words[i]) == 0) {
			option_set_bool(o, conf, i % 2 == 0);
			return 0;
		}
	return err_set(err, "'%s' is neither yes nor no", text);
}

static int
set_string(const struct option *o, struct conf *conf, const char *text,
	   struct err *err)
{
	char **slot = option_value(o, conf);

	(void)err;
	free(*slot);
	*slot = alloc_string(text);
	return 0;
}

static void
add_once(struct strings *strings, const char *text)
{
	if (!strings_has(strings, text))
		strings_add(strings, text);
}

static int
add_string(const struct option *o, struct conf *conf, const char *text,
	   struct err *err)
{
	(void)err;
	add_once(option_value(o, conf), text);
	return 0;
}

static int
check_type(const char *text, size_t len, struct err *err)
{
	char *type = alloc_bytes(text, len);
	int result = map_check_type(type, err);

	free(type);
	return result;
}

/* [TYPE:]NAME. A relative name is refused: to Postfix it is relative to the
 * queue directory, to us to our working directory. */
static int
add_map(const struct option *o, struct conf *conf, const char *text,
	struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *slash = strchr(text, '/');
	const char *name = text;

	if (strcmp(text, CONF_NONE) == 0) {
		add_once(option_value(o, conf), text);
		return 0;
	}
	if (colon != NULL && (slash == NULL || colon < slash)) {
		if (check_type(text, (size_t)(colon - text), err) != 0)
			return -1;
		name = colon + 1;
	}
	if (*name == '\0')
		return err_set(err, "'%s' names no map", text);
	if (*name != '/' && map_spec_is_live(text) && strchr(name, ':') == NULL)
		return err_set(err,
			       "'%s' names no socket; write %.*sunix:/PATH or "
			       "%.*sinet:127.0.0.1:PORT",
			       text, (int)(name - text), text,
			       (int)(name - text), text);
	if (*name != '/' && strchr(name, ':') == NULL)
		return err_set(err,
			       "'%s' is relative; write the whole path, as in "
			       "%.*s%s/%s",
			       text, (int)(name - text), text, STATE_DIR, name);
	if (map_spec_is_live(text) && strncmp(name, "unix:", 5) == 0 &&
	    unixsocket_check(name + 5, err) != 0)
		return -1;
	add_once(option_value(o, conf), text);
	return 0;
}

static int
refuse_network(const char *text, struct err *err)
{
	char network[ADDR_TEXT_MAX];
	struct cidr net;

	if (cidr_parse_around(&net, text, strlen(text)) != 0)
		return err_set(err,
			       "'%s' is not a network (as in 192.0.2.0/24 "
			       "or 2001:db8::/32)",
			       text);
	addr_format(&net.addr, network);
	return err_set(err,
		       "'%s' is not a network, but an address in %s/%u; write "
		       "that, or the address alone",
		       text, network, net.bits);
}

static int
add_network(const struct option *o, struct conf *conf, const char *text,
	    struct err *err)
{
	struct cidr net;

	(void)o;
	if (cidr_parse(&net, text, strlen(text)) != 0)
		return refuse_network(text, err);
	conf->exclude = alloc_resize(conf->exclude, conf->nexclude + 1,
				     sizeof(*conf->exclude));
	conf->exclude[conf->nexclude++] = net;
	return 0;
}

static int
set_time(const struct option *o, struct conf *conf, const char *text,
	 struct err *err)
{
	uint32_t seconds;

	if (text[strspn(text, "0")] == '\0')
		return err_set(err, "'%s' is too short: at least 1 second",
			       text);
	if (duration_parse(text, &seconds) != 0)
		return err_set(err,
			       "'%s' is not a time (seconds, or with s, m, h, "
			       "d: 1800, 30m)",
			       text);
	if (seconds < o->min)
		return err_set(err, "'%s' is less than %zu seconds", text,
			       o->min);
	*(uint32_t *)option_value(o, conf) = seconds;
	return 0;
}

static int
set_number(const struct option *o, struct conf *conf, const char *text,
	   struct err *err)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 ||
	    value < o->min || value > o->max)
		return err_set(err, "'%s' is not a number from %zu to %zu",
			       text, o->min, o->max);
	*(size_t *)option_value(o, conf) = value;
	return 0;
}

static int
set_word(const struct option *o, struct conf *conf, const char *text,
	 struct err *err)
{
	char *all;

	for (unsigned int i = 0; o->words[i] != NULL; i++)
		if (o->words[i][0] != '\0' &&
		    strcasecmp(o->words[i], text) == 0) {
			*(unsigned int *)option_value(o, conf) = i;
			return 0;
		}
	all = alloc_join(o->words, ", ");
	err_set(err, "'%s' is not one of %s", text, all);
	free(all);
	return -1;
}

static int
set_prefix(const struct option *o, struct conf *conf, const char *text,
	   struct err *err)
{
	if (strcmp(text, "64") != 0 && strcmp(text, "128") != 0)
		return err_set(err, "'%s' is neither 64 nor 128", text);
	*(unsigned int *)option_value(o, conf) = *text == '6' ? 64 : 128;
	return 0;
}

static int (*const setters[])(const struct option *, struct conf *,
			      const char *, struct err *) = {
    [OPTION_BOOL] = set_bool,	  [OPTION_STRING] = set_string,
    [OPTION_LIST] = add_string,	  [OPTION_MAPS] = add_map,
    [OPTION_TIME] = set_time,	  [OPTION_NETWORKS] = add_network,
    [OPTION_NUMBER] = set_number, [OPTION_WORD] = set_word,
    [OPTION_PREFIX] = set_prefix,
};

int
option_set(const struct option *o, struct conf *conf, const char *text,
	   struct err *err)
{
	if (*text == '\0')
		return err_set(err, "is empty");
	if (strlen(text) > VALUE_MAX)
		return err_set(err, "is longer than %d bytes", VALUE_MAX);
	for (const char *p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(err, "holds control characters");
	if (o->check != NULL && o->check(text, err) != 0)
		return -1;
	return setters[o->kind](o, conf, text, err);
}
