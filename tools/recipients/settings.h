/* settings: what the options of `pbsctl recipients' ask for. */
#ifndef TOOLS_RECIPIENTS_SETTINGS_H
#define TOOLS_RECIPIENTS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verb;

struct recipients_settings {
	const struct verb *verb; /* for messages */
	const char *file;	 /* "-": standard input */
	char *map_type;		 /* "hash"; NULL: print the tables */
	const char *map_name;	 /* absolute, without suffix */
	char *plus_type;	 /* "pcre", "regexp"; NULL: what Postfix has */
	char *plus_name;
	bool plain, plus; /* which tables are made */
	bool no_plus;	  /* --plus none */
	bool diff, json, force, unterminated, reload, watch;
	bool help; /* the rest does not count */
	size_t max_invalid;
	size_t max_shrink; /* percent */
	uint32_t settle;   /* seconds */
};

/*
 * Reads the arguments. 0; or EX_USAGE, which has been reported, and *settings
 * need not be cleared.
 */
int recipients_settings_read(struct recipients_settings *, const struct verb *,
			     int argc, char **argv);
void recipients_settings_clear(struct recipients_settings *);

#endif
