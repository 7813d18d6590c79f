/*
 * listing: an authorized address as a line of text:
 * "address login expiry user,user rule".
 *
 * Times are seconds since the epoch. "-" means that there are no users, or that
 * no rule is known. Characters of a user name that would split the line or the
 * list are written as %XX.
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
	char *rule; /* of the login; NULL: none, or not known */
};

void listing_write(FILE *, const struct listing *);

/* 0 and *out, which listing_clear() frees, or -1: the line is malformed. */
int listing_read(struct listing *out, const char *line);
void listing_clear(struct listing *);

/* Prints columns with local times for people. width: of the first column. */
void listing_print(FILE *, const struct listing *, int width);
/* The width that the addresses of these lines need, at least that of IPv4. */
int listing_width(const char *lines);

/* Encode and decode one user name with %XX. The caller frees the result of
 * listing_decode(). */
void listing_encode(FILE *, const char *name);
char *listing_decode(const char *text, size_t len);

#endif
