/*
 * changeset: which addresses have changed since a map was last written; a
 * bounded set.
 */
#ifndef DAEMON_PUBLISH_CHANGESET_H
#define DAEMON_PUBLISH_CHANGESET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* A batch stays small beside a table of any size, and within 512 KB. */
enum { CHANGESET_MAX = 16 * 1024 };

struct changeset;

struct changeset *changeset_new(void);
void changeset_free(struct changeset **);

/* Remembers addr, once. A set that would grow beyond CHANGESET_MAX has
 * overflowed: it knows no longer what has changed. */
void changeset_add(struct changeset *, const struct addr *);
bool changeset_overflowed(const struct changeset *);
void changeset_clear(struct changeset *);

size_t changeset_count(const struct changeset *);
const struct addr *changeset_at(const struct changeset *, size_t); /* < count */

#endif
