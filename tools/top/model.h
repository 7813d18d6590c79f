/*
 * model: what `pbsctl top` knows of the daemon, and what its user wants to see.
 *
 * Knows neither socket nor terminal nor clock: answers of the daemon are handed
 * in, and so is the time.
 */
#ifndef TOOLS_TOP_MODEL_H
#define TOOLS_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "tools/top/counts.h"

struct rates;

enum {
	TOP_EVENTS_MAX = 128, /* as many as the daemon keeps */
	TOP_FILTER_MAX = 64,
	TOP_MESSAGE_MS = 5000, /* how long a message stays */
	TOP_OUTDATED = 2, /* seconds, after which an old list is called so */
	TOP_FAILING_MS = 30000 /* the daemon tries a map again sooner */
};

/* An authorized address. */
struct top_row {
	struct addr addr;
	time_t when, expires; /* wall clock */
	size_t nusers;
	char *users; /* separated by commas; not printable; "": none */
};

/* A grant or a refusal. Texts are not printable; "": unknown. */
struct top_event {
	uint64_t number;
	time_t when;
	bool granted;
	char address[ADDR_TEXT_MAX];
	int64_t seconds; /* granted */
	char *why;	 /* refused */
	char *rule, *user;
};

enum top_order { TOP_BY_LOGIN, TOP_BY_USERS, TOP_BY_EXPIRY, TOP_BY_ADDRESS };
enum top_panes { TOP_BOTH, TOP_ADDRESSES, TOP_EVENTS };
enum top_mode { TOP_BROWSING, TOP_FILTERING, TOP_CONFIRMING };

struct model {
	time_t wall;
	int64_t steady_ms;

	struct top_counts counts;
	bool counted; /* there are counts */
	struct rates *rates;
	int64_t failed_ms; /* when writing a map failed last; -1: never */
	char trouble[256]; /* why the daemon does not answer; "": it does */

	struct top_row *rows;
	size_t nrows;
	uint64_t listed_changes; /* counts_changes() when they were asked for */
	bool listed;
	time_t listed_at;
	/* Those to show, in order; see model_arrange(). */
	struct top_row **shown;
	size_t nshown;
	time_t next_expiry; /* the first of them expires; 0: none does */

	struct top_event events[TOP_EVENTS_MAX]; /* oldest first */
	size_t nevents;

	enum top_order order;
	enum top_panes panes;
	enum top_mode mode;
	char filter[TOP_FILTER_MAX];	    /* UTF-8; "": all */
	char filter_before[TOP_FILTER_MAX]; /* while a new one is typed */
	size_t cursor;			    /* index in shown */
	/* The cursor stays on this address; family 0: on its place. */
	struct addr anchor;
	struct addr condemned; /* while its removal is to be confirmed */
	char message[256];
	int64_t message_ms; /* when it was said */
};

struct model *model_new(void);
void model_free(struct model **);

/* Sets the time. Removes from view what has expired. */
void model_tick(struct model *, time_t wall, int64_t steady_ms);

/* The answers to `status`, `list` and `events SINCE`, which are changed by
 * reading them. 0, or -1: malformed, and taken only in part. */
int model_take_status(struct model *, char *answer);
int model_take_list(struct model *, char *answer);
int model_take_events(struct model *, char *answer);

/* The daemon did not answer; why is "" when it does again. */
void model_set_trouble(struct model *, const char *why);

/* Shows one line to the user for a while. */
void model_say(struct model *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether there is news to ask for. */
bool model_wants_list(const struct model *);
bool model_wants_events(const struct model *);
uint64_t model_newest_event(const struct model *); /* the SINCE of `events` */

/* Whether the addresses are from a while ago, and have changed since. */
bool model_is_outdated(const struct model *);

/* Brings rows into the order, and hides what the filter hides: after either has
 * changed. The cursor stays on its address. */
void model_arrange(struct model *);

/* Moves the cursor; it then stays on the address that it comes to. */
void model_move(struct model *, long by);
const struct top_row *model_selected(const struct model *); /* or NULL */

/* Whether the filter shows a text of this address or of these users. */
bool model_matches(const struct model *, const char *address,
		   const char *users);

/* Whether writing a map has failed so lately that it may still do so. */
bool model_maps_fail(const struct model *);

#endif
