/*
 * tables: the map of keys and the table of plus rules, as they are and as they
 * shall be.
 *
 * smtpd(8) restarts when the map is replaced, and reads the text then. So the
 * text is put in place first, and if it alone has changed, the map is written
 * again.
 */
#ifndef TOOLS_RECIPIENTS_TABLES_H
#define TOOLS_RECIPIENTS_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/gateway/comparison.h"

struct address_list;
struct err;
struct recipients_settings;
struct string_map;
struct string_set;

struct tables {
	struct string_map *map;	 /* NULL: not to be written */
	struct string_map *plus; /* NULL: not to be written */
	char *text;		 /* of the new plus table */
	size_t len;
	/* Those of the present one, "domain.tld user". */
	struct string_set *users;
	size_t users_gone; /* of these, not in the list */
	bool foreign;	   /* the present plus table is not in the form of ours */
	bool sort;		 /* the map is built faster from sorted keys */
	struct comparison keys;
	bool unreadable; /* the map's keys, see tables_compare() */
	bool map_changed, plus_changed;
	bool plus_new; /* there is no plus table yet */
};

/* Checks names and directories; waits for other runs, unless diff is asked for.
 * 0, or -1: see err. Close in either case. */
int tables_open(struct tables *, const struct recipients_settings *,
		struct err *);
void tables_close(struct tables *);

/* Compares the list, sorted, with what is there. keep: also keeps what is
 * there. 0; -1: a file is there but cannot be read, see err, and all of the
 * list counts as new. */
int tables_compare(struct tables *, const struct address_list *, bool keep,
		   struct err *);

/* Writes what has changed. 0, or -1: see err. */
int tables_write(struct tables *, const struct address_list *, struct err *);

#endif
