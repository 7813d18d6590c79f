/*
 * resources: what only one daemon may have at a time: the locks of its maps and
 * of its checkpoint, the maps themselves, and the control socket. They belong
 * to the keeper, or to a worker that runs without one.
 */
#ifndef DAEMON_PUBLISH_RESOURCES_H
#define DAEMON_PUBLISH_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "maps/map.h"

struct conf;
struct err;
struct lockfile;

struct resources {
	struct lockfile **locks;
	size_t nlocks;
	bool held; /* resources_lock() failed since another process has a lock */
	struct map_settings settings;
	struct map **maps; /* in conf->maps' order; NULL: a live map */
	size_t nmaps;
	struct stat *sockets; /* of live maps, as we found them; zeros: none */
	int control; /* the listening control socket; -1 = none */
	char *control_path;
	struct stat control_node;
};

/* Call these in this order; the struct need not be initialised. Each returns 0,
 * or -1 and err. Then resources_release() frees what had been taken before. */
int resources_lock(struct resources *, const struct conf *, struct err *);
int resources_open_maps(struct resources *, const struct conf *, struct err *);
int resources_listen(struct resources *, const struct conf *, struct err *);

/* Removes the sockets of live maps, which the sandboxed worker cannot do, but
 * none that was there before resources_open_maps(): it is not ours. */
void resources_remove_sockets(const struct resources *, const struct conf *);

/* To be called when keeper and worker were killed. Empties their maps, except
 * those that another daemon has locked since. */
void resources_clear_left(const struct conf *);

/* Closes maps and control socket and releases the locks. The struct must have
 * been zero-initialised, or given to resources_lock(). */
void resources_release(struct resources *);

#endif
