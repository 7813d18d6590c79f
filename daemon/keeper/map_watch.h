/*
 * map_watch: notices at once when a file in a map's directory has changed, so
 * that nobody has to look every few seconds whether another program, such as
 * postmap(1), has written the map (inotify(7)).
 *
 * Our own writes are noticed, too. What happens elsewhere is not: through
 * another host's mount of the directory, or a link from another directory.
 */
#ifndef DAEMON_KEEPER_MAP_WATCH_H
#define DAEMON_KEEPER_MAP_WATCH_H

#include <stdbool.h>

struct loop;
struct map;
struct map_watch;

typedef void map_watch_fn(void *arg);

/* Calls fn from the loop after changes; once for all that came together. */
struct map_watch *map_watch_new(struct loop *, map_watch_fn *, void *arg);
void map_watch_free(struct map_watch **); /* before loop_free() */

/* Watches the directory of a map that is a file. */
void map_watch_add(struct map_watch *, const struct map *);

/* False: some directory is not watched, or no longer, because the kernel has no
 * watches left or the directory was removed or renamed. Then the caller must
 * look by itself. */
bool map_watch_complete(const struct map_watch *);

#endif
