/*
 * backends: the operations of each map type; only map.c uses them.
 */
#ifndef MAPS_BACKENDS_H
#define MAPS_BACKENDS_H

struct map_ops;

extern const struct map_ops map_hash;
extern const struct map_ops map_lmdb; /* missing if WITHOUT_LMDB */
extern const struct map_ops map_cdb;  /* missing if WITHOUT_CDB */
extern const struct map_ops map_cidr;
extern const struct map_ops map_text;
extern const struct map_ops map_policy;
extern const struct map_ops map_socketmap;

#endif
