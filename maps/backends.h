/*
 * backends: the map types that were compiled in; for map.c and nobody else.
 */
#ifndef MAPS_BACKENDS_H
#define MAPS_BACKENDS_H

#include "maps/map.h"

extern const struct map_ops map_hash;

#endif
