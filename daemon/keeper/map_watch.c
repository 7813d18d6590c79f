#include "daemon/keeper/map_watch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "maps/map.h"

struct map_watch {
	struct loop *loop;
	map_watch_fn *fn;
	void *arg;
	int inotify; /* -1: not available */
	bool complete;
};

static void
take_events(struct map_watch *w, const char *events, size_t len)
{
	struct inotify_event event;

	for (size_t at = 0; at + sizeof(event) <= len;
	     at += sizeof(event) + event.len) {
		memcpy(&event, events + at, sizeof(event));
		if (event.mask & (IN_IGNORED | IN_MOVE_SELF))
			w->complete = false;
	}
}

static void
on_events(void *arg, uint32_t ready)
{
	struct map_watch *w = arg;
	char events[4096];
	ssize_t len;

	(void)ready;
	while ((len = read(w->inotify, events, sizeof(events))) > 0)
		take_events(w, events, (size_t)len);
	w->fn(w->arg);
}

struct map_watch *
map_watch_new(struct loop *loop, map_watch_fn *fn, void *arg)
{
	struct map_watch *w = alloc_zero(1, sizeof(*w));
	struct err err;

	*w = (struct map_watch){.loop = loop, .fn = fn, .arg = arg};
	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->complete = w->inotify >= 0 && loop_watch(loop, w->inotify, POLLIN,
						    on_events, w, &err) == 0;
	return w;
}

void
map_watch_free(struct map_watch **watch)
{
	struct map_watch *w = *watch;

	*watch = NULL;
	if (w == NULL)
		return;
	if (w->inotify >= 0) {
		loop_unwatch(w->loop, w->inotify);
		close(w->inotify);
	}
	free(w);
}

void
map_watch_add(struct map_watch *w, const struct map *map)
{
	const char *path = strchr(map_name(map), ':') + 1;
	const char *slash = strrchr(path, '/');
	char *dir = slash != NULL
			? alloc_format("%.*s", (int)(slash - path) + 1, path)
			: alloc_format(".");

	if (w->inotify < 0 ||
	    inotify_add_watch(w->inotify, dir,
			      IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
				  IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF |
				  IN_ONLYDIR) < 0)
		w->complete = false;
	free(dir);
}

bool
map_watch_complete(const struct map_watch *w)
{
	return w->complete;
}
