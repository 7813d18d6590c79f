/*
 * map: one interface for all types of lookup table that Postfix reads.
 *
 * A map is named "type:name" as in Postfix, without the suffix of the file. The
 * daemon's table is the truth, and a map is a projection of it. Readers see
 * either the whole old map or the whole new one, even if they have it open, and
 * even if the writer dies while it works.
 *
 * There are two kinds. A file is written by replace and apply. A live map
 * (socketmap:, policy:) is a server that Postfix asks: it writes nothing, and
 * looks up each address in the table of its host at that moment.
 *
 * maps/ knows neither logs nor the daemon: it is given rows, or asks its host.
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
	/* On the clock of whoever hands out the row. Maps ignore it, since the
	 * row will be deleted in time; the keeper checks that it is. */
	int64_t expires;
};

/* Hands out the rows of the table one by one: true and *row, or false at the
 * end. Each map reads them from the start. */
struct map_rows {
	bool (*next)(void *arg, struct map_row *row);
	void *arg;
	size_t count; /* a hint: about how many there will be */
};

/* A user who logged in from an address. */
struct map_user {
	const char *name; /* valid until the loop's next round */
	time_t when;	  /* their last login from that address */
};

enum map_log_level { MAP_WARNING, MAP_INFO, MAP_DEBUG };

/* The owner of the table, which live maps ask. They take the time from loop. */
struct map_host {
	struct loop *loop;
	/* Whether the address is authorized now; if so, *when is its login. */
	bool (*lookup)(void *arg, const struct addr *, time_t *when);
	/* Hands out the users who are authorized at an address now by a login
	 * of their own: begin with *at = 0; false at the end. An authorized
	 * address may have no user, because some servers do not log one. */
	bool (*next_user)(void *arg, const struct addr *, size_t *at,
	    struct map_user *);
	/* Logs what a live map reports while it runs. */
	void (*log)(void *arg, enum map_log_level, const char *text);
	void *arg;
};

/* The settings that all maps of a daemon share. A map borrows them until it is
 * closed. */
struct map_settings {
	const char *value; /* the value of each key; NULL = time of the login */
	bool flock;	   /* hold the lock of Postfix's own tools (flock(2)
			      LOCK_EX on the old file) while it is replaced */
	/* 64: an IPv6 row authorizes the whole /64 of its address; 0: only the
	 * address. Types with shortened keys leave out the networks that these
	 * cannot express (maps/entry.h). */
	unsigned int ipv6_prefix;
	const struct textform *textforms; /* for text: maps, by name */
	size_t ntextforms;
	const struct map_host *host; /* NULL: live maps are only checked */
	const struct policy_settings *policy; /* for policy: maps */
};

/* First member of each back end's own struct. */
struct map {
	const struct map_ops *ops;
	char *name; /* "type:name", for messages */
	const struct map_settings *settings;
};

struct map_ops {
	const char *type;
	bool in_place; /* changes are made under the readers' lock, no rename */
	bool shortened; /* Postfix looks up shortened addresses, too */
	bool read_once; /* each Postfix process reads it only at its start */
	/* Checks the name and the directory; does not change the map yet. */
	struct map *(*open)(const char *name, const struct map_settings *,
	    struct err *);
	int (*replace)(struct map *, const struct map_rows *, struct err *);
	int (*apply)(struct map *, const struct map_row *, size_t n,
	    struct err *); /* NULL: the caller uses replace */
	/* Only live maps have it, instead of replace and apply: begins to
	 * answer. Until then, clients may connect but have to wait. */
	int (*start)(struct map *, struct err *);
	/* Empties the map. What was prepared at open makes this work without
	 * disk space. A live map closes its server. */
	int (*clear)(struct map *, struct err *);
	/* See map_change(). NULL: there is nothing to prepare. */
	int (*change)(struct map *, const struct policy_settings *,
	    struct err *);
	/* 1 = still the file that we wrote, 0 = somebody replaced it. NULL: the
	 * type has no file. */
	int (*intact)(struct map *);
	bool (*exists)(const struct map *); /* NULL: as above */
	/* See map_bytes_a_change(). NULL: few, or none. */
	long long (*bytes_a_change)(const struct map *);
	void (*close)(struct map *);
};

/*
 * Must be called under the user id that will write the map: it decides whether
 * the file and its directory are accepted, and it will own the files that are
 * prepared.
 *
 * spec is "type:name", or "name" for default_type. NULL: err says why, and
 * suggests the nearest known type. Messages of a map begin with "type:name: ".
 */
struct map *map_open(const char *spec, const char *default_type,
    const struct map_settings *, struct err *);
void map_close(struct map **);
const char *map_name(const struct map *); /* "hash:/var/lib/..." */

/* Whether it is a live map, by its spec or once it is open. Of the functions
 * that change a map, only map_start(), map_change(), map_clear() and
 * map_close() may be called for a live one. */
bool map_spec_is_live(const char *spec);
bool map_is_live(const struct map *);
int map_start(struct map *, struct err *); /* 0, or -1 */

/* Whether Postfix also looks up shortened addresses in it; then it cannot hold
 * some IPv6 addresses: see entry_is_possible(). */
bool map_spec_is_shortened(const char *spec);

/* Whether Postfix reads the map only when a process starts. Processes restart
 * when another of their maps was renamed, so this one must be written before
 * those. */
bool map_spec_is_read_once(const char *spec);

/* Prepares an open map for new settings of the policy. 0: the caller must now
 * copy them into the settings that the map borrows, before the next request is
 * answered. -1: nothing has changed. */
int map_change(struct map *, const struct policy_settings *, struct err *);

/* 0, or -1. */
int map_replace(struct map *, const struct map_rows *, struct err *);
bool map_can_apply(const struct map *);
/* Whether changes cost the readers nothing. If not, each change makes every
 * smtpd restart, so the caller should limit their rate. */
bool map_in_place(const struct map *);
/* Changes what the last replace or apply wrote. 0, or -1: the map is as it was.
 * If somebody has replaced the file, only map_replace() can succeed. */
int map_apply(struct map *, const struct map_row *, size_t n, struct err *);
int map_clear(struct map *, struct err *);
int map_intact(struct map *);
bool map_exists(const struct map *); /* whether it has a file */
/* How many bytes each change writes to a disk, if the whole map is rewritten
 * for it; 0: it is changed in place, or is in memory (tmpfs(5)). */
long long map_bytes_a_change(const struct map *);

/* Types compiled in, NULL-terminated, for --help and messages. */
const char *const *map_types(void);
/* Whether it is one of these: 0; or -1, and err names the nearest one, or all.
 */
int map_check_type(const char *type, struct err *);

#endif
