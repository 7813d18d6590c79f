/*
 * place: the path of the log leads to another place.
 */
#ifndef TESTS_MODEL_PLACE_H
#define TESTS_MODEL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/world.h"

/* To another target of the symbolic link. */
void place_switch(struct world *);
/* The directory is moved away, and an empty one takes its place. */
void place_move(struct world *);
/* log2ram(8), or a disk for logs that is mounted late. */
void place_mount(struct world *);
void place_unmount(struct world *);

#endif
