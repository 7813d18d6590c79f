/*
 * listing: an address that somebody may use for a time, as a line:
 * "address login expiry user,user".
 *
 * Times are seconds since the epoch; no user is "-"; what would break a line
 * or a list of users apart is written %XX.
 */
#ifndef BASE_LISTING_H
#define BASE_LISTING_H

#include <stdio.h>
#include <time.h>

#include "base/addr.h"
#include "base/alloc.h"

struct listing {
	struct addr addr;
	time_t when, expires; /* wall clock */
	struct strings users;
};

void listing_write(FILE *, const struct listing *);

/* 0 and *out filled (listing_clear() frees it), or -1: not such a line. */
int listing_read(struct listing *out, const char *line);
void listing_clear(struct listing *);

/* For people: columns, local time; the first one is so wide. */
void listing_print(FILE *, const struct listing *, int width);
/* What the addresses of all these lines want; as for IPv4 at least. */
int listing_width(const char *lines);

/* One user name, %XX in and out; the result of decode is the caller's. */
void listing_encode(FILE *, const char *name);
char *listing_decode(const char *text, size_t len);

#endif
