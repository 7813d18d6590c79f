/*
 * accident: what should not happen to a log, but does.
 */
#ifndef TESTS_MODEL_ACCIDENT_H
#define TESTS_MODEL_ACCIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

void accident_truncate(struct world *, uint32_t arg);
void accident_delete(struct world *);
void accident_set_clock(struct world *, int seconds);
/* For names with dates, each of which may be the log. */
void accident_touch(struct world *, uint32_t arg);
/* Only names tell what is newer than a file that was deleted. For dates. */
void accident_drop(struct world *);
/* A FIFO is deleted or renamed, and made again. */
void accident_remake(struct world *, uint32_t arg);
/* More events than the kernel keeps, and a rotation that no event reports. */
void accident_overflow(struct world *);

#endif
