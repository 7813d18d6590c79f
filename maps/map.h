/*
 * map: a lookup table that Postfix reads, behind one interface.
 *
 * A map is written "type:name", as Postfix writes it, without the suffix of
 * the file. The daemon's table is the truth; a map is a projection of it and
 * is always either the old one or the new one, whole, also for a reader that
 * has it open and also when the writer dies in the middle.
 *
 * Two kinds. A file is written by replace and apply. A live map (socketmap:)
 * is a server that Postfix asks: nothing is written, it looks each address up
 * in the table of its host at that moment.
 *
 * maps/ knows neither logs nor the daemon: it gets rows, or asks its host.
 */
#ifndef MAPS_MAP_H
#define MAPS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct err;
struct loop;
struct map;
struct policy_settings;
struct textform;

struct map_row {
	struct addr addr;
	time_t when;  /* the login */
	bool present; /* false: delete (map_apply only) */
	/* When it goes, on its giver's clock. No map asks: who gave the row
	 * takes it away. The keeper does ask. */
	int64_t expires;
};

/* Hands out the rows of the table one by one: true and *row, false = end.
 * Called again from the start for each map. */
struct map_rows {
	bool (*next)(void *arg, struct map_row *row);
	void *arg;
	size_t count; /* how many there will be; a hint */
};

/* A user who logged in from an address. */
struct map_user {
	const char *name; /* valid until the loop's next round */
	time_t when;	  /* his last login from that address */
};

enum map_say { MAP_WARNING, MAP_INFO, MAP_DEBUG };

/* Who holds the table, for live maps. Now is loop_clocks(loop). */
struct map_host {
	struct loop *loop;
	/* Whether the address is authorized now; then *when is its login. */
	bool (*lookup)(void *arg, const struct addr *, time_t *when);
	/* Walks the users who are authorized at an address now, each by his own
	 * login: begin with *at = 0; false = end. An address may be authorized
	 * and have none: some servers' logs name no user. */
	bool (*next_user)(void *arg, const struct addr *, size_t *at,
	    struct map_user *);
	/* What a live map has to tell the administrator while it runs. */
	void (*say)(void *arg, enum map_say, const char *text);
	void *arg;
};

/* What all maps of one daemon share. Borrowed for the life of the map. */
struct map_settings {
	const char *value; /* fixed value for each key; NULL = login's epoch */
	bool flock;	   /* hold the lock of Postfix's own tools (flock(2)
			      LOCK_EX on the old file) while it is replaced */
	/* 64: an IPv6 row stands for the /64 that it lies in; 0: for itself.
	 * Types that Postfix asks for shortened keys leave out what these
	 * cannot say (maps/entry.h). */
	unsigned int ipv6_prefix;
	const struct textform *textforms; /* of text: maps, by name */
	size_t ntextforms;
	const struct map_host *host; /* NULL: a live map is checked, not served */
	const struct policy_settings *policy; /* of policy: maps */
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
	bool read_once; /* by each of Postfix's processes */
	/* Opens, checks the directory; changes nothing yet. */
	struct map *(*open)(const char *name, const struct map_settings *,
	    struct err *);
	int (*replace)(struct map *, const struct map_rows *, struct err *);
	int (*apply)(struct map *, const struct map_row *, size_t n,
	    struct err *); /* NULL: the caller uses replace */
	/* Set in live maps alone, which have no replace and no apply: begins to
	 * answer. Until then clients may connect, and wait. */
	int (*start)(struct map *, struct err *);
	/* Empties the map by what was prepared at open: needs no disk space.
	 * A live map answers nobody any more. */
	int (*clear)(struct map *, struct err *);
	/* Other settings for a map that runs; see map_change(). NULL = n/a */
	int (*change)(struct map *, const struct policy_settings *,
	    struct err *);
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

/* Whether it is a live map: by its spec, or open. Only map_start(), map_clear()
 * and map_close() may be called for one. */
bool map_spec_is_live(const char *spec);
bool map_is_live(const struct map *);
int map_start(struct map *, struct err *); /* 0, or -1 */

/* Whether Postfix looks at it only when a process starts, as it does when a map
 * beside this one was renamed. So this one is to be written before that. */
bool map_spec_is_read_once(const char *spec);

/* Makes ready for other settings of a policy. 0: the caller moves them into
 * those that the map borrows, before anybody is answered. -1: all is as it was. */
int map_change(struct map *, const struct policy_settings *, struct err *);

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
/* Whether it is one of these: 0; or -1, and err names the nearest one, or all. */
int map_check_type(const char *type, struct err *);

#endif
