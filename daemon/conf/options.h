/*
 * options: all settings in one table: flag, key in the YAML file, kind of
 * value, member of struct conf, and line of --help.
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
	size_t offset; /* in struct conf; of an action: enum conf_action */
	const char *argument;
	const char *help;
	const char *alias;
	bool flag_only;
	/* The section of the YAML file that has this key; such a key has no
	 * flag. */
	const char *section;
	size_t min, max;
	const char *const *words; /* ends with NULL; "" cannot be chosen */
	int (*check)(const char *text, struct err *); /* may be NULL */
};

/* Ends with an option that has no name. */
extern const struct option options[];

/* By flag, where '-' and '_' are the same, or by alias; NULL: unknown. */
const struct option *option_find(const char *name, size_t len);
/* "--max-addresses" of max_addresses, as the manual spells it. */
enum { OPTION_FLAG_MAX = 32 };
const char *option_flag(const char *name, char flag[OPTION_FLAG_MAX]);
/* By key. section: NULL for the top level. */
const struct option *option_key(const char *section, const char *name);
bool option_is_section(const char *name);

/* Whether more than one value can be given. */
bool option_is_list(const struct option *);
void option_clear(const struct option *, struct conf *);

/* Sets a value, or adds it to a list. 0; -1: err says what is expected. */
int option_set(const struct option *, struct conf *, const char *text,
	       struct err *);
void option_set_bool(const struct option *, struct conf *, bool);

/* The member of conf that holds the option's value. */
void *option_value(const struct option *, const struct conf *);

/* The section in which there is such a key; NULL: in none of them. */
const char *option_section_of(const char *name);

/* The nearest known flag, or the nearest key or section under a section; NULL:
 * nothing is near. */
const char *option_suggest_flag(const char *name);
const char *option_suggest_key(const char *section, const char *name);

#endif
