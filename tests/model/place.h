/*
 * place: the path of the log leads to another place.
 */
#ifndef TESTS_MODEL_PLACE_H
#define TESTS_MODEL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

/* To another target of the symbolic link. */
void place_switch(struct world *, uint32_t arg);
/* To another, and later back to half a line. */
void place_come_back(struct world *);
/* The directory is moved away, and an empty one takes its place. */
void place_move(struct world *);
/* A copy with the same time takes the place of the log, as rsync(1) does it,
 * when all of the log has been read. */
void place_replace(struct world *);
void place_copy_over(struct world *); /* at once */
/* log2ram(8), or a disk for logs that is mounted late. */
void place_mount(struct world *);
void place_unmount(struct world *);
/* The same with a copy of all files, and back. */
void place_mount_copy(struct world *);
void place_copy_back(struct world *, bool fresh);

#endif
