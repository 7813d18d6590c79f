#include "tests/model/accident.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/calls.h"
#include "tests/model/logrotate.h"
#include "tests/model/place.h"
#include "tests/model/reader.h"
#include "tests/model/writer.h"

void
accident_truncate(struct world *w, uint32_t arg)
{
	writer_finish(w);
	if (!world_exists(world_path(w, world_log_name(w))) ||
	    !writer_has(w, world_log_name(w)))
		return;
	reader_sync(w);
	if (!w->running)
		world_excuse_unread(w, w->file);
	writer_empty(w);
	w->truncated = true;
	world_doubt_beginning(w);
	if (arg % 2)
		writer_append(w, 200, EXPECTED);
	if (arg / 2 % 4 > 0 || w->program->mode == LINKED)
		return;
	logrotate_rotate(w, true);
	logrotate_compress(w, 1);
	writer_append(w, 1, EXPECTED);
}

/* If the reader is away, it has not seen the log since the clock was set. */
void
accident_delete(struct world *w)
{
	if (!w->running && reader_times_may_lie(w))
		return;
	if (!writer_has(w, world_log_name(w)))
		writer_leave(w);
	writer_open(w);
	reader_sync(w);
	world_lose(w, w->file);
	if (w->below >= 0) /* no time tells copies of one moment apart */
		world_may_repeat(w);
	unlink(world_path(w, world_log_name(w)));
	world_doubt_beginning(w);
}

/* What is emptied or deleted is only found by its time if the reader has seen
 * the log since the clock was set. So are files of which one has no date if the
 * log goes on in another directory. */
void
accident_set_clock(struct world *w, int seconds)
{
	if (w->gone_away && (!w->running || w->program->mode == STARRED))
		return;
	w->set_back = w->set_back || seconds < 0;
	reader_sync(w);
	w->ahead += seconds;
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
}

/* More events than the kernel keeps, and a rotation that no event reports. */
void
accident_overflow(struct world *w)
{
	int max = 16384;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	if (file != NULL && fscanf(file, "%d", &max) != 1)
		max = 16384;
	if (file != NULL)
		fclose(file);
	if (max > 100000)
		return;
	reader_settle(w);
	close(open(world_path(w, "noise"), O_CREAT | O_WRONLY, 0600));
	close(open(world_path(w, "sound"), O_CREAT | O_WRONLY, 0600));
	for (int i = 0; i < max / 2 + 10; i++) {
		chmod(world_path(w, "noise"), 0600);
		chmod(world_path(w, "sound"), 0600);
	}
	w->noisy = true;
	if (w->program->mode != LINKED && w->program->mode != PIPE)
		logrotate_rotate(w, true);
	writer_append(w, 1, EXPECTED);
}

/* What is in the place of a FIFO for a while, and must not be read. */
static void
put_file(struct world *w)
{
	FILE *file = fopen(world_path(w, "log"), "w");

	if (file == NULL || fputs("0000000000 not in a FIFO\n", file) < 0)
		world_fail(w, "cannot write a file");
	if (file != NULL)
		fclose(file);
	reader_settle(w);
	calls_pass_time(1100);
	reader_settle(w);
	unlink(world_path(w, "log"));
}

void
accident_remake(struct world *w, uint32_t arg)
{
	reader_sync(w);
	if (arg % 4 > 0)
		writer_leave(w);
	if (arg / 4 % 2)
		unlink(world_path(w, "log"));
	else
		rename(world_path(w, "log"), world_path(w, "gone"));
	if (arg / 8 % 2)
		reader_settle(w);
	if (arg / 16 % 2 && w->running)
		put_file(w);
	mkfifo(world_path(w, "log"), 0600);
	reader_settle(w);
	calls_pass_time(1100);
	reader_settle(w);
}

/*
 * The newest file that the reader knows has a date, as there was no log when it
 * started, and is deleted. Then another one comes, which the clock says is
 * older.
 */
void
accident_drop(struct world *w)
{
	char name[64];

	if (!w->running || w->rotations > 45 || w->mounted)
		return;
	if (!writer_has(w, "log"))
		writer_leave(w);
	writer_append(w, 1, EXPECTED);
	logrotate_rotate(w, false);
	reader_sync(w);
	writer_leave(w);
	reader_stop(w, STOP);
	if (w->running)
		return;
	reader_start(w);
	reader_sync(w);
	sprintf(name, "log-%d", 20260101 + w->rotations - 1);
	unlink(world_path(w, name));
	world_lose(w, w->file);
	w->set_back = true;
	w->ahead -= 3600;
	writer_append(w, 1, EXPECTED);
	logrotate_rotate(w, true);
	writer_append(w, 1, EXPECTED);
}

/* An old file that is the newest by its time, but is not written to. If it has
 * nothing but half a line, nothing shows that the next one was told of that, and
 * another is. arg: every other time, a copy takes the place of the log. */
void
accident_touch(struct world *w, uint32_t arg)
{
	char name[64];
	int fd;

	sprintf(name, "log-%d", 20260101 + w->rotations - 1);
	if (!w->running || !world_exists(world_path(w, name)))
		return;
	world_may_repeat(w);
	writer_leave(w);
	for (int i = 0; i < 2; i++) {
		writer_append(w, 1, EXPECTED);
		reader_settle(w);
	}
	reader_quiet(w);
	fd = open(world_path(w, name), O_WRONLY);
	futimens(fd, NULL);
	writer_set_time(w, fd);
	close(fd);
	if (arg % 2)
		place_copy_over(w);
	reader_quiet(w);
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
	w->doubted[w->nfiles] = w->doubted[w->nfiles] || w->nsplit > 0;
}
