/*
 * mapserver: what the live maps have in common: a server in the place of a file.
 */
#ifndef MAPS_LIVE_MAPSERVER_H
#define MAPS_LIVE_MAPSERVER_H

#include <stddef.h>

#include "base/streamserver.h"
#include "maps/map.h"

/* First member of each live map's own struct; zero-initialised by it. */
struct mapserver {
	struct map map;
	struct streamserver *server; /* NULL: only checked, or cleared */
};

/* Listens on name; with no host in the settings, sees whether it could. fn's
 * arg is the mapserver. 0, or -1. */
int mapserver_open(struct mapserver *, const char *name, size_t request_max,
    streamserver_fn *fn, const struct map_settings *, struct err *);
void mapserver_close(struct mapserver *);

/* Two of the map_ops. */
int mapserver_start(struct map *, struct err *);
int mapserver_clear(struct map *, struct err *);

#endif
