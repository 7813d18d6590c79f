/*
 * changeset: the addresses that have changed since a map was last written; a
 * bounded set.
 */
#ifndef DAEMON_PUBLISH_CHANGESET_H
#define DAEMON_PUBLISH_CHANGESET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* Bounds the memory of a set to 512 KB, however large the table. */
enum { CHANGESET_MAX = 16 * 1024 };

struct changeset;

struct changeset *changeset_new(void);
void changeset_free(struct changeset **);

/* Adds addr, unless it is there. A set that would grow beyond CHANGESET_MAX has
 * overflowed: it no longer holds all that has changed. */
void changeset_add(struct changeset *, const struct addr *);
bool changeset_overflowed(const struct changeset *);
void changeset_clear(struct changeset *);

size_t changeset_count(const struct changeset *);
const struct addr *changeset_at(const struct changeset *, size_t); /* < count */

#endif
