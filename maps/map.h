/*
 * map: a lookup table that Postfix reads, behind one interface.
 *
 * A map is written "type:name", as Postfix writes it, without the suffix of
 * the file. The daemon's table is the truth; a map is a projection of it and
 * is always either the old one or the new one, whole, also for a reader that
 * has it open and also when the writer dies in the middle.
 *
 * maps/ knows neither logs nor the daemon: it gets rows.
 */
#ifndef MAPS_MAP_H
#define MAPS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/addr.h"

struct err;
struct map;

struct map_row {
	struct addr addr;
	time_t when;  /* the login */
	bool present; /* false: delete (map_apply only) */
};

/* Hands out the rows of the table one by one: true and *row, false = end.
 * Called again from the start for each map. */
struct map_rows {
	bool (*next)(void *arg, struct map_row *row);
	void *arg;
	size_t count; /* how many there will be; a hint */
};

/* What all maps of one daemon share. Borrowed for the life of the map. */
struct map_settings {
	const char *value; /* fixed value for each key; NULL = login's epoch */
	bool flock;	   /* hold the lock of Postfix's own tools (flock(2)
			      LOCK_EX on the old file) while it is replaced */
};

/* First member of each back end's own struct. */
struct map {
	const struct map_ops *ops;
	char *name; /* "type:name", for messages */
	const struct map_settings *settings;
};

struct map_ops {
	const char *type;
	bool in_place; /* changed under the readers' own lock, no rename */
	/* Opens, checks the directory; changes nothing yet. */
	struct map *(*open)(const char *name, const struct map_settings *,
	    struct err *);
	int (*replace)(struct map *, const struct map_rows *, struct err *);
	int (*apply)(struct map *, const struct map_row *, size_t n,
	    struct err *); /* NULL: the caller uses replace */
	/* Empties the map by what was prepared at open: needs no disk space. */
	int (*clear)(struct map *, struct err *);
	/* 1 = still the file we wrote, 0 = somebody replaced it. NULL = n/a */
	int (*intact)(struct map *);
	void (*close)(struct map *);
};

/*
 * To be called under the user id that will write the map: files and directory
 * are judged by it, and what is prepared belongs to it.
 *
 * spec is "type:name" or "name" (then default_type). NULL: err says what, and
 * the nearest known type. A message always begins with "type:name: ".
 */
struct map *map_open(const char *spec, const char *default_type,
    const struct map_settings *, struct err *);
void map_close(struct map **);
const char *map_name(const struct map *); /* "hash:/var/lib/..." */

int map_replace(struct map *, const struct map_rows *, struct err *); /* 0 -1 */
bool map_can_apply(const struct map *);
/* Whether a change costs the readers nothing; else each one makes every smtpd
 * restart, and changes are to be paced. */
bool map_in_place(const struct map *);
/* Changes what the last replace or apply wrote. 0; or -1: the map is as it was,
 * and if somebody else has put another there, only map_replace() helps. */
int map_apply(struct map *, const struct map_row *, size_t n, struct err *);
int map_clear(struct map *, struct err *);
int map_intact(struct map *);

/* Types compiled in, NULL-terminated, for --help and messages. */
const char *const *map_types(void);

#endif
