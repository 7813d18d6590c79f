/*
 * logrotate: what logrotate(8) and the like do to a log.
 */
#ifndef TESTS_MODEL_LOGROTATE_H
#define TESTS_MODEL_LOGROTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

void logrotate_rotate(struct world *, bool create);
/* The writer opens the new log at once. arg: every other time, within a line, as
 * rotatelogs(8) does. */
void logrotate_create(struct world *, uint32_t arg);
/* The writer has not noticed the new log yet. Sometimes the log has been quiet,
 * or the reader starts then. */
void logrotate_rotate_early(struct world *, uint32_t arg);
/* The same, a file at a time. begin: false if it may not rotate now. step:
 * false if that was the last one. */
bool logrotate_begin(struct world *);
bool logrotate_step(void *world);
/* Compresses the youngest rotated file that the writer has left. */
void logrotate_compress(struct world *, uint32_t arg);
/* losing: a line is written between the copy and the truncation. */
void logrotate_copytruncate(struct world *, bool losing);
/* Within a line, and it is rotated while the reader looks for the copy. */
void logrotate_copy_meeting(struct world *, uint32_t arg);
/* Several times before the reader looks, and more. */
void logrotate_copy_often(struct world *, uint32_t arg);
/* Into another directory for a while, and then beside the log again, before the
 * reader looks. For numbers. */
void logrotate_olddir(struct world *);
/* All that was rotated, as it has been read. */
void logrotate_delete_old(struct world *);

#endif
