/*
 * options: every setting there is, once: its flag, its key in the YAML file,
 * what it takes, where it goes in struct conf, and its line of --help.
 *
 * The flag is the key with '-' for '_': --max-addresses, max_addresses.
 */
#ifndef DAEMON_CONF_OPTIONS_H
#define DAEMON_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/conf/conf.h"

struct err;

enum option_kind {
	OPTION_BOOL,	 /* --write, --nowrite; write: yes */
	OPTION_STRING,	 /* char * */
	OPTION_LIST,	 /* struct strings; may be repeated */
	OPTION_MAPS,	 /* struct strings of [TYPE:]NAME */
	OPTION_NETWORKS, /* struct cidr *exclude, nexclude */
	OPTION_TIME,	 /* uint32_t seconds, at least .min */
	OPTION_NUMBER,	 /* size_t, from .min to .max */
	OPTION_WORD,	 /* unsigned int: which of .words */
	OPTION_PREFIX,	 /* unsigned int: 64 or 128 */
	OPTION_ACTION	 /* print and exit; a flag only */
};

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset; /* in struct conf; of an action: its number */
	const char *argument;
	const char *help;
	const char *alias;
	bool flag_only;
	/* Of a mapping in the YAML file; there is no flag for it. */
	const char *section;
	size_t min, max;
	const char *const *words; /* NULL is the last; "" is none */
	int (*check)(const char *text, struct err *); /* 0, or -1 */
};

/* Ends with a row without a name. */
extern const struct option options[];

/* Whether a name says the option: '-' and '_' are the same, aliases count. */
bool option_is(const struct option *, const char *name, size_t len);
const struct option *option_find(const char *name, size_t len);
/* section: NULL for the file itself. Not those flag_only. */
const struct option *option_key(const char *section, const char *name);
bool option_is_section(const char *name);

/* Whether more than one value can be given. */
bool option_is_list(const struct option *);
void option_clear(const struct option *, struct conf *);

/* Sets it, or adds to it if it is a list. 0; -1: err says what it takes. */
int option_set(const struct option *, struct conf *, const char *text,
    struct err *);
void option_set_bool(const struct option *, struct conf *, bool);

/* Where in conf an option's value lies. */
void *option_value(const struct option *, const struct conf *);

/* The nearest known flag; the nearest key, or section, of a section; or NULL. */
const char *option_suggest_flag(const char *name);
const char *option_suggest_key(const char *section, const char *name);

#endif
