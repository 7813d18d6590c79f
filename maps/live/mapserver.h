/*
 * mapserver: what the live maps have in common: each is a server, not a file.
 */
#ifndef MAPS_LIVE_MAPSERVER_H
#define MAPS_LIVE_MAPSERVER_H

#include <stddef.h>

#include "base/streamserver.h"
#include "maps/map.h"

/* First member of each live map's own struct, which must be zeroed before. */
struct mapserver {
	struct map map;
	struct streamserver *server; /* NULL: only checked, or cleared */
};

/* Listens on name. Without a host in the settings, only checks that it could.
 * The arg of fn is the mapserver. 0, or -1. */
int mapserver_open(struct mapserver *, const char *name, size_t request_max,
    streamserver_fn *fn, const struct map_settings *, struct err *);
void mapserver_close(struct mapserver *);

/* Two of the map_ops. */
int mapserver_start(struct map *, struct err *);
int mapserver_clear(struct map *, struct err *);

#endif
