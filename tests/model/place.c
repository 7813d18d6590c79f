#include "tests/model/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/reader.h"
#include "tests/model/writer.h"

/* The writer leaves a line without an end where it was. */
static void
set_aside(struct world *w)
{
	reader_settle(w);
	world_excuse(w, w->held_line);
	memcpy(w->aside.text, w->held, w->held_len);
	w->aside.len = w->held_len;
	w->aside.line = w->held_line;
	w->aside.target = w->target;
	w->held_len = 0;
}

static void
take_up(struct world *w)
{
	if (w->aside.len == 0 || w->aside.target != w->target)
		return;
	memcpy(w->held, w->aside.text, w->aside.len);
	w->held_len = w->aside.len;
	w->held_line = w->aside.line;
	w->aside.len = 0;
}

/* arg: in one of three cases to a target that was there before. */
void
place_switch(struct world *w, uint32_t arg)
{
	char target[16];

	/* The place is that of the oldest file that is open, and a target that
	 * came and went while nobody looked is nobody's sibling. */
	if (w->targets > 30 || (w->follower.loop && !w->running &&
				(w->targets > 1 || w->rotations > 0)))
		return;
	if (w->held_len > 0 && w->aside.len == 0 && arg / 64 % 2 &&
	    !writer_is_split(w))
		set_aside(w);
	if (w->held_len > 0 && arg % 3 > 0 && arg / 128 % 2 &&
	    w->rotations == 0) {
		w->cut_at[w->target] = true;
		writer_cut(w);
	}
	reader_sync(w);
	writer_leave(w);
	w->file_of[w->target] = w->file;
	if (arg % 3 == 0 && w->targets > 0 &&
	    !w->cut_at[(int)(arg / 3) % w->targets]) {
		w->target = (int)(arg / 3) % w->targets;
		/* A start finds a copy of it before the other target. */
		world_forget_halves(w);
	} else {
		w->target = w->targets++;
	}
	sprintf(target, "t%d", w->target);
	if (symlink(target, world_path(w, "next")) != 0)
		world_fail(w, "cannot link: %s", strerror(errno));
	rename(world_path(w, "next"), world_path(w, "log"));
	w->file = w->file_of[w->target];
	world_doubt_beginning(w);
	w->torn = w->torn || w->aside.len > 0;
	writer_open(w);
	take_up(w);
	if (w->follower.loop != NULL)
		reader_settle(w);
}

void
place_come_back(struct world *w)
{
	uint32_t target = (uint32_t)w->target;

	if (!w->running || w->targets > 30 || w->aside.len > 0)
		return;
	writer_append(w, 1, EXPECTED);
	writer_half(w, 15);
	place_switch(w, 64 + 1);
	writer_append(w, 1, EXPECTED);
	reader_quiet(w);
	place_switch(w, 3 * target);
	reader_settle(w);
	writer_finish(w);
	reader_settle(w);
}

/* Whether the log may go on elsewhere, perhaps with the same names, after the
 * clock was set. */
static bool
may_go(const struct world *w)
{
	if (w->program->mode == STARRED && w->set_back)
		return false;
	return w->running || !w->set_back || w->program->mode > DATED;
}

/* If times lie, the reader must have seen the log where it is now: dates tell
 * nothing of the log itself. */
static void
show(struct world *w)
{
	if (!w->running || !w->set_back || w->program->mode == STARRED)
		return;
	writer_leave(w);
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
}

void
place_move(struct world *w)
{
	char to[300];

	if (w->mounted || !may_go(w))
		return;
	w->gone_away = true;
	reader_sync(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		world_lose(w, i);
	snprintf(to, sizeof(to), "%s/old%d", w->top, w->moves++);
	rename(world_path(w, ""), to);
	mkdir(world_path(w, ""), 0700);
	world_doubt_beginning(w);
	show(w);
}

static void
lose_all(struct world *w)
{
	reader_sync(w);
	writer_leave(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		world_lose(w, i);
	world_doubt_beginning(w);
}

/* log2ram(8), or a disk for logs that is mounted late. */
void
place_mount(struct world *w)
{
	if (!w->may_mount || w->mounted || !may_go(w))
		return;
	w->gone_away = true;
	for (uint16_t i = 0; i < w->nfiles; i++)
		w->hidden[i] = !w->lost[i] && !w->gone[i];
	lose_all(w);
	if (mount("none", world_path(w, ""), "tmpfs", 0, "size=64m") != 0)
		world_fail(w, "cannot mount: %s", strerror(errno));
	w->mounted = true;
	w->under = w->file;
	show(w);
}

/* ---- copies ---- */

/* fresh: as another file, else in the place of the old one. */
static void
copy(struct world *w, const char *from, const char *to, bool fresh)
{
	char buffer[65536];
	struct timespec times[2];
	struct stat st;
	ssize_t got;
	int in = open(from, O_RDONLY), out;

	if (fresh)
		unlink(to);
	out = open(to, O_WRONLY | O_CREAT, 0600);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got)
			world_fail(w, "cannot copy to %s", to);
	if (fstat(in, &st) != 0 || ftruncate(out, st.st_size) != 0)
		world_fail(w, "cannot copy %s", from);
	times[0] = times[1] = st.st_mtim;
	futimens(out, times);
	close(in);
	close(out);
}

void
place_copy_over(struct world *w)
{
	char log[300];

	snprintf(log, sizeof(log), "%s", world_path(w, world_log_name(w)));
	writer_leave(w);
	if (w->mounted || w->copied || !world_exists(log))
		return;
	copy(w, log, world_path(w, "copy"), true);
	rename(world_path(w, "copy"), log);
}

void
place_replace(struct world *w)
{
	writer_finish(w);
	reader_sync(w);
	place_copy_over(w);
	reader_settle(w);
	writer_append(w, 1, EXPECTED);
}

typedef void each_fn(struct world *, const char *from, const char *to,
		     bool fresh);

/* Calls fn for each file of the directory, and its name in the other. */
static void
for_each(struct world *w, const char *from, const char *to, bool fresh,
	 each_fn *fn)
{
	DIR *dir = opendir(from);
	struct dirent *d;
	char a[600], b[600];

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (d->d_type != DT_REG)
			continue;
		snprintf(a, sizeof(a), "%s/%s", from, d->d_name);
		snprintf(b, sizeof(b), "%s/%s", to, d->d_name);
		fn(w, a, b, fresh);
	}
	if (dir != NULL)
		closedir(dir);
}

/* What the copy does not have is deleted there, too. */
static void
delete_if_gone(struct world *w, const char *there, const char *here, bool fresh)
{
	(void)w;
	(void)fresh;
	if (!world_exists(here))
		unlink(there);
}

/* Whether the reader can know the copy of the log by what it has read of the
 * log. */
static bool
is_known(struct world *w)
{
	struct stat st;

	return w->program->mode != STARRED &&
	       stat(world_path(w, world_log_name(w)), &st) == 0 &&
	       st.st_size > 0;
}

static void
may_come_copied(struct world *w)
{
	bool known = is_known(w) && !reader_times_may_lie(w);

	world_rests_may_come(w);
	for (uint32_t n = 0; n < w->nlines; n++) {
		struct line *line = &w->lines[n];

		if (!known || !line->read || line->run != w->run ||
		    line->file != w->file)
			line->again = true;
	}
}

void
place_mount_copy(struct world *w)
{
	char ram[300];

	if (!w->may_mount || w->mounted || !may_go(w))
		return;
	w->gone_away = true;
	writer_leave(w);
	reader_settle(w);
	may_come_copied(w);
	snprintf(ram, sizeof(ram), "%s/ram", w->top);
	mkdir(ram, 0700);
	if (mount("none", ram, "tmpfs", 0, "size=64m") != 0)
		world_fail(w, "cannot mount: %s", strerror(errno));
	for_each(w, world_path(w, ""), ram, true, copy);
	w->copied = true;
	w->below = open(world_path(w, ""), O_PATH | O_DIRECTORY);
	if (mount(ram, world_path(w, ""), NULL, MS_BIND, NULL) != 0)
		world_fail(w, "cannot mount: %s", strerror(errno));
	umount2(ram, MNT_DETACH);
	for (uint16_t i = 0; i < w->nfiles; i++)
		w->hidden[i] = !w->lost[i] && !w->gone[i];
	w->mounted = true;
	w->under = w->file;
	show(w);
}

static void
uncover(struct world *w)
{
	if (umount2(world_path(w, ""), MNT_DETACH) != 0)
		world_fail(w, "cannot unmount: %s", strerror(errno));
	w->mounted = false;
	if (w->below >= 0)
		close(w->below);
	w->below = -1;
}

/* fresh: the files get other inodes. Otherwise the reader, which may have the
 * old ones open, finds something else in them. */
void
place_copy_back(struct world *w, bool fresh)
{
	char below[64];

	if (!w->mounted || w->below < 0 || !may_go(w))
		return;
	writer_leave(w);
	reader_settle(w);
	if (fresh)
		may_come_copied(w);
	else
		world_may_repeat(w);
	snprintf(below, sizeof(below), "/proc/self/fd/%d", w->below);
	for_each(w, below, world_path(w, ""), fresh, delete_if_gone);
	for_each(w, world_path(w, ""), below, fresh, copy);
	uncover(w);
	memset(w->hidden, 0, sizeof(w->hidden));
	show(w);
}

/* What was below it can be found again. But if that log is renamed before the
 * reader looks, nothing tells that its writer goes on with it, until there is
 * a new log. */
void
place_unmount(struct world *w)
{
	if (!w->mounted || !may_go(w))
		return;
	lose_all(w);
	world_may_repeat(w);
	uncover(w);
	w->file = w->under;
	for (uint16_t i = 0; i < w->nfiles; i++) {
		if (w->hidden[i])
			w->lost[i] = w->gone[i] = false;
		w->hidden[i] = false;
	}
	reader_settle(w);
	show(w);
}
