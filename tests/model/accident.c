#include "tests/model/accident.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/logrotate.h"
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
	if (arg % 2)
		writer_append(w, 200, EXPECTED);
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
	unlink(world_path(w, world_log_name(w)));
}

/* What is emptied or deleted is only found by its time if the reader has seen
 * the log since the clock was set. So are files without dates if the log goes
 * on in another directory. */
void
accident_set_clock(struct world *w, int seconds)
{
	if (!w->running && w->gone_away && w->program->mode == NUMBERED)
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
