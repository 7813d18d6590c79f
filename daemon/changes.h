/*
 * changes: which addresses have changed since a map was last written; a
 * bounded set.
 */
#ifndef DAEMON_CHANGES_H
#define DAEMON_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* A batch stays small beside a table of any size, and within 512 KB. */
enum { CHANGES_MAX = 16 * 1024 };

struct changes;

struct changes *changes_new(void);
void changes_free(struct changes **);

/* Remembers addr, once. A set that would grow beyond CHANGES_MAX has
 * overflowed: it knows no longer what has changed. */
void changes_add(struct changes *, const struct addr *);
bool changes_overflowed(const struct changes *);
void changes_clear(struct changes *);

size_t changes_count(const struct changes *);
const struct addr *changes_at(const struct changes *, size_t); /* < count */

#endif
