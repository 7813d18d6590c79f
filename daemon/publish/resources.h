/*
 * resources: what one daemon holds and no other may: locks on its maps and its
 * checkpoint, the maps, the control socket.
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
	bool held; /* resources_lock() failed as another process has it */
	struct map_settings settings;
	struct map **maps; /* as conf->maps; NULL: a live one, not ours */
	size_t nmaps;
	int control; /* -1 = none */
	char *control_path;
	struct stat control_node;
};

/* In this order; 0, or -1 and what there is by then is to be released. */
int resources_lock(struct resources *, const struct conf *, struct err *);
int resources_open_maps(struct resources *, const struct conf *, struct err *);
int resources_listen(struct resources *, const struct conf *, struct err *);

/* The sockets of live maps, which a worker has left: it can remove nothing. */
void resources_remove_sockets(const struct conf *);

/* Of a daemon that was killed: empties those maps whose locks it left behind, and
 * that nobody has taken since. */
void resources_clear_left(const struct conf *);

/* Zero-initialised or locked before. */
void resources_release(struct resources *);

#endif
