/*
 * former_maps: maps that were taken out of dbfile: while they held addresses.
 *
 * A daemon that is killed with all its processes leaves its maps full. The next
 * one replaces them, but knows only those in its configuration, and Postfix may
 * still ask the others. So the maps that may hold addresses are listed in a
 * file beside the checkpoint, CHECKPOINT.maps, one name a line, from before the
 * first address until all of them are empty.
 */
#ifndef DAEMON_PUBLISH_FORMER_MAPS_H
#define DAEMON_PUBLISH_FORMER_MAPS_H

#include <stdbool.h>

#include "base/alloc.h"

struct conf;

/* Zero-initialise it. */
struct former_maps {
	struct strings left;   /* that could not be emptied */
	struct strings listed; /* those of conf that the file named */
	bool known; /* the file was read, or there was none; if not, it is kept */
};

/* Which maps of conf are listed beside those that are left. */
enum former_maps_ours {
	FORMER_MAPS_NONE,   /* they are empty */
	FORMER_MAPS_LISTED, /* they are as they were: those that were listed */
	FORMER_MAPS_ALL,    /* they may hold addresses */
};

/*
 * Empties the listed maps that are not in conf, and logs each. Those that do
 * not exist any more are not created. Those that another process has locked are
 * left as they are. The caller has locked the maps of conf, if it could. 0, or
 * -1: a map that nobody has locked could not be emptied; logged.
 */
int former_maps_clear(struct former_maps *, const struct conf *);

/* Lists the maps that are left and those of conf. An empty list is removed. Does
 * nothing before former_maps_clear(). Logs a failure. The caller has locked the
 * checkpoint. */
void former_maps_save(const struct former_maps *, const struct conf *,
		      enum former_maps_ours);

void former_maps_forget(struct former_maps *);

#endif
