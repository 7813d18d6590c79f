/*
 * backends: the map types that were compiled in; for map.c and nobody else.
 */
#ifndef MAPS_BACKENDS_H
#define MAPS_BACKENDS_H

#include "maps/map.h"

extern const struct map_ops map_hash;
extern const struct map_ops map_lmdb; /* not if WITHOUT_LMDB */
extern const struct map_ops map_cdb;  /* not if WITHOUT_CDB */
extern const struct map_ops map_cidr;
extern const struct map_ops map_text;
extern const struct map_ops map_policy;
extern const struct map_ops map_socketmap;

#endif
