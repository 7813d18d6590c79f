/*
 * doubt: the first line of a file, which is dropped if it may be the rest of the
 * line within which an older file ended.
 *
 * With a pattern, several files may be the older one. It was none of them if that
 * one, under its own name, then gets the rest of its line: no other writer begins
 * without a time stamp.
 */
#ifndef DAEMON_SOURCE_DOUBT_H
#define DAEMON_SOURCE_DOUBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generations;
struct source_sink;

/* To be called before the file at `at` is read. While it is empty, the older one
 * may still get the rest of its line. pattern: they match one. now: steady ms. */
void doubt_beginning(struct generations *, size_t at, bool pattern,
		     int64_t now);
/* To be called before the file at `at` is closed: the next one is doubted for
 * it. */
void doubt_after(struct generations *, size_t at, bool pattern, int64_t now);
/* Hands out each such line that was none. To be called after files were
 * read. */
void doubt_settle(const struct generations *, const struct source_sink *);

#endif
