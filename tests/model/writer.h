/*
 * writer: who writes the log.
 */
#ifndef TESTS_MODEL_WRITER_H
#define TESTS_MODEL_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

/* Opens the log, if it is not open and may be written. */
void writer_open(struct world *);
void writer_leave(struct world *);
/* Leaves, and a line that it has begun remains without an end. For a FIFO. */
void writer_crash(struct world *);
/* Whether that file is the one that is open. */
bool writer_has(struct world *, const char *name);

void writer_append(struct world *, uint32_t count, enum state);
/* Part of a line, and the rest of it. */
void writer_half(struct world *, uint32_t arg);
void writer_finish(struct world *);
/* The rest goes to another file than its half: this one was emptied, or it is
 * left within the line. */
void writer_split(struct world *);
bool writer_is_split(const struct world *);
void writer_cut(struct world *);
/* Cuts the log down to nothing. */
void writer_empty(struct world *);
/* The times of files follow the clock that programs set. */
void writer_set_time(const struct world *, int fd);

#endif
