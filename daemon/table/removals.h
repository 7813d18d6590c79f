/*
 * removals: addresses that the operator has removed, and when.
 *
 * A removal takes back every login that is not newer, even if the line of the
 * login is read again after a crash. It is forgotten once no such login could
 * still count.
 *
 * Stamps are those of the wall clock when they were made. If that is set back,
 * logins after the removal have stamps before it. For a line that is seen being
 * written the steady clock tells: see removals_steady(). (Addresses whose time is up are removed by authtab.h, and from
 * the maps by publish.h and keeper/expiring_map.h.) Pure; the caller supplies
 * all times, in wall clock seconds like the stamps of the log.
 */
#ifndef DAEMON_TABLE_REMOVALS_H
#define DAEMON_TABLE_REMOVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct removals;

/* If there are more, the oldest removal is forgotten. */
enum { REMOVALS_MAX = 65536 };

/* longest: how many seconds a login may count, by the grace or a session. */
struct removals *removals_new(long longest);
void removals_free(struct removals **);
void removals_set_longest(struct removals *, long longest);

/* Forgets what is older than `longest` at now. False: there were too many, and
 * one was forgotten that was not so old. */
bool removals_add(struct removals *, const struct addr *, time_t stamp,
		  time_t now);

/* Notes that the removal of this address was made then, in steady seconds. */
void removals_note(struct removals *, const struct addr *, int64_t steady);

/* When it was made. False: nothing was removed, or that was not noted, as of
 * removals by other hosts. */
bool removals_steady(const struct removals *, const struct addr *,
		     int64_t *steady);

/* Whether a removal takes back a login of this address at `when`. */
bool removals_cover(const struct removals *, const struct addr *, time_t when);

/* Walks all, the oldest first: start with *at = NULL; false at the end. */
bool removals_next(const struct removals *, const void **at, struct addr *,
		   time_t *stamp);

#endif
