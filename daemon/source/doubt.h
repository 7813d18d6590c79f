/*
 * doubt: the first line of a file, dropped because another file of the same
 * pattern ended within a line, of which it may be the rest.
 *
 * It was none if the other file, under its own name, then gets the rest of its
 * line: no other writer begins without a time stamp.
 */
#ifndef DAEMON_SOURCE_DOUBT_H
#define DAEMON_SOURCE_DOUBT_H

struct generations;
struct source_sink;
struct tail;

/* The first line of the tail was dropped for that other one. */
void doubt_note(struct tail *, const struct tail *other);
/* Hands out each such line that was none. To be called after files were
 * read. */
void doubt_settle(const struct generations *, const struct source_sink *);

#endif
