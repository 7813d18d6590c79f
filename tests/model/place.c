#include "tests/model/place.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/reader.h"
#include "tests/model/writer.h"

void
place_switch(struct world *w)
{
	char target[16];

	/* The place is that of the oldest file that is open, and a target that
	 * came and went while nobody looked is nobody's sibling. */
	if (w->target > 30 || (w->follower.loop && !w->running &&
			       (w->target > 1 || w->rotations > 0)))
		return;
	reader_sync(w);
	writer_leave(w);
	sprintf(target, "t%d", w->target++);
	if (symlink(target, world_path(w, "next")) != 0)
		world_fail(w, "cannot link: %s", strerror(errno));
	rename(world_path(w, "next"), world_path(w, "log"));
	writer_open(w);
}

void
place_move(struct world *w)
{
	char to[300];

	if (w->mounted || (!w->running && reader_times_may_lie(w)))
		return;
	w->gone_away = true;
	reader_sync(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		world_lose(w, i);
	snprintf(to, sizeof(to), "%s/old%d", w->top, w->moves++);
	rename(world_path(w, ""), to);
	mkdir(world_path(w, ""), 0700);
}

static void
lose_all(struct world *w)
{
	reader_sync(w);
	writer_leave(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		world_lose(w, i);
}

/* log2ram(8), or a disk for logs that is mounted late. */
void
place_mount(struct world *w)
{
	if (!w->may_mount || w->mounted ||
	    (!w->running && reader_times_may_lie(w)))
		return;
	w->gone_away = true;
	for (uint16_t i = 0; i < w->nfiles; i++)
		w->hidden[i] = !w->lost[i] && !w->gone[i];
	lose_all(w);
	if (mount("none", world_path(w, ""), "tmpfs", 0, "size=64m") != 0)
		world_fail(w, "cannot mount: %s", strerror(errno));
	w->mounted = true;
	w->under = w->file;
}

/* What was below it can be found again. */
void
place_unmount(struct world *w)
{
	if (!w->mounted || (!w->running && reader_times_may_lie(w)))
		return;
	lose_all(w);
	if (umount2(world_path(w, ""), MNT_DETACH) != 0)
		world_fail(w, "cannot unmount: %s", strerror(errno));
	w->mounted = false;
	w->file = w->under;
	for (uint16_t i = 0; i < w->nfiles; i++) {
		if (w->hidden[i])
			w->lost[i] = w->gone[i] = false;
		w->hidden[i] = false;
	}
}
