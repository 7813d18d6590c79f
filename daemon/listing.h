/*
 * listing: who is authorized, as lines: "address login expiry user,user".
 *
 * Times are seconds since the epoch; no user is "-"; what would break a line
 * or a list of users apart is written %XX.
 */
#ifndef DAEMON_LISTING_H
#define DAEMON_LISTING_H

#include <stdio.h>
#include <time.h>

#include "base/addr.h"
#include "base/alloc.h"

struct authtab_row;

struct listing {
	struct addr addr;
	time_t when, expires;
	struct strings users;
};

/* expires: the wall clock's, since the table counts on another one. */
void listing_write(FILE *, const struct authtab_row *, time_t expires);

/* 0 and *out filled (listing_clear() frees it), or -1: not such a line. */
int listing_read(struct listing *out, const char *line);
void listing_clear(struct listing *);

/* For people: columns, local time. */
void listing_print(FILE *, const struct listing *);

/* One user name, %XX in and out; the result of decode is the caller's. */
void listing_encode(FILE *, const char *name);
char *listing_decode(const char *text, size_t len);

#endif
