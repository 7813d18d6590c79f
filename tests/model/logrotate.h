/*
 * logrotate: what logrotate(8) and the like do to a log.
 */
#ifndef TESTS_MODEL_LOGROTATE_H
#define TESTS_MODEL_LOGROTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

void logrotate_rotate(struct world *, bool create);
/* Compresses the youngest rotated file that the writer has left. */
void logrotate_compress(struct world *, uint32_t arg);
/* losing: a line is written between the copy and the truncation. */
void logrotate_copytruncate(struct world *, bool losing);

#endif
