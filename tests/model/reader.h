/*
 * reader: who reads the log: the part of the daemon that is tested.
 */
#ifndef TESTS_MODEL_READER_H
#define TESTS_MODEL_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

void reader_start(struct world *);
/* Stops, starts when there is much to be read, and sometimes while a rotation
 * is going on. Every other time there is no checkpoint. */
void reader_miss(struct world *, uint32_t arg);
/* KILL: the position is that of the last STOP, if there was one; FORGET: there
 * is no checkpoint. */
void reader_stop(struct world *, enum op how);

/* Must not read it once. For a FIFO. */
void reader_once(struct world *);

/* Runs until nothing comes any more. */
void reader_settle(struct world *);
/* All that must have been read by now. */
void reader_sync(struct world *);
/* A minute passes. */
void reader_quiet(struct world *);

/* Whether the position of the last run is in that file. */
bool reader_is_position(const struct world *, const char *path);
/* Whether files may be moved into another directory now. */
bool reader_may_go_away(struct world *);
/* Whether times of change may say the wrong thing. */
bool reader_times_may_lie(const struct world *);

#endif
