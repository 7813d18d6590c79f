#include "tests/model/reader.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/calls.h"
#include "tests/model/logrotate.h"
#include "tests/model/writer.h"

/* A start looks at so many files that match a pattern. If an older one ended
 * within a line, it does not know that. */
enum { LOOKED_AT = 16 };

/* How many files there are in which nothing is yet. */
static int
count_empty(struct world *w)
{
	const char *path = world_path(w, "");
	DIR *dir = opendir(path);
	struct dirent *d;
	struct stat st;
	int count = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		count += fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
			 S_ISREG(st.st_mode) && st.st_size == 0;
	if (dir != NULL)
		closedir(dir);
	return count;
}

/* If a line was torn, and the position is not found, or the copy with the half is
 * read again, the first line of a file may be the rest of it, even of one that is
 * empty yet. With a '*', the file with the half may be read again without a
 * position, and make another file doubtful that comes; so does an empty one. */
static void
excuse_first_lines(struct world *w)
{
	const char *log = world_path(w, world_log_name(w));
	struct stat st;

	for (uint32_t n = 0; n < w->nlines; n++)
		if (n == 0 || w->lines[n].first ||
		    w->lines[n].file != w->lines[n - 1].file)
			world_excuse(w, n);
	if (stat(log, &st) != 0 || st.st_size == 0)
		w->doubted[w->made || !world_exists(log) ? w->nfiles
							 : w->file] = true;
	if (w->fd >= 0 && fstat(w->fd, &st) == 0 && st.st_size == 0)
		w->doubted[w->file] = true;
	if (w->program->mode != STARRED)
		return;
	for (int i = count_empty(w); i >= 0; i--)
		w->doubted[w->nfiles + i] = true;
}

/* With a '*', whichever file ended within a line may go on in any. */
static bool
stopped_within_line(const struct world *w)
{
	for (size_t i = 0; i < w->npositions; i++)
		if (w->positions[i].torn)
			return true;
	return w->has_pos && w->pos.torn;
}

void
reader_start(struct world *w)
{
	struct source_start begin = {
	    .pos = w->positions, .npos = w->npositions, .since = w->since};
	struct err err;

	if (w->running)
		return;
	if (follower_open(&w->follower, w->spec, &begin, &err) != 0) {
		world_fail(w, "cannot open: %s", err.text);
		return;
	}
	if (w->nsplit > 0 || stopped_within_line(w))
		excuse_first_lines(w);
	if (w->program->mode == STARRED && w->rotations >= LOOKED_AT)
		world_rests_may_come(w);
	w->running = true;
	w->run++;
	w->seen = world_exists(world_path(w, "log"));
}

/* Several files to be read, some of them compressed. */
static void
make_backlog(struct world *w, uint64_t *state)
{
	for (uint64_t i = program_random(state) % 4; i > 0; i--) {
		if (program_random(state) % 3 > 0)
			writer_append(w, 1, EXPECTED);
		if (w->program->mode == STARRED && !w->gone_away &&
		    program_random(state) % 2) {
			w->ahead -= 3600;
			w->set_back = true;
		}
		logrotate_rotate(w, program_random(state) % 4 > 0);
		if (program_random(state) % 2)
			logrotate_compress(w, (uint32_t)program_random(state));
	}
	writer_append(w, 1, EXPECTED);
}

/* What was rotated before is deleted, so that the oldest file is one of those
 * to be read. */
static void
stop_with_few(struct world *w, enum op how)
{
	if (!writer_has(w, "log"))
		writer_leave(w);
	reader_sync(w);
	reader_stop(w, how);
	if (!w->running)
		logrotate_delete_old(w);
}

/* A rotation goes on at calls of the start. */
static void
meet(struct world *w, uint64_t *state)
{
	bool opens = program_random(state) % 2;
	uint64_t first = program_random(state) % (opens ? 12 : 80);
	uint64_t gap = program_random(state) % (opens ? 4 : 8);

	calls_meet(logrotate_step, w, (unsigned int)first, (unsigned int)gap,
		   opens);
}

void
reader_miss(struct world *w, uint32_t arg)
{
	uint64_t state = arg;
	enum mode mode = w->program->mode;
	bool few = w->running && mode < LINKED && program_random(&state) % 2;
	enum op how =
	    mode == AWAY || program_random(&state) % 2 ? STOP : FORGET;

	if (few)
		stop_with_few(w, how);
	else
		reader_stop(w, how);
	if (w->running)
		return;
	make_backlog(w, &state);
	if ((few || program_random(&state) % 2) && logrotate_begin(w))
		meet(w, &state);
	reader_start(w);
	calls_finish();
}

void
reader_settle(struct world *w)
{
	if (!w->running)
		return;
	/* The loop reads some hundred events in a round. */
	for (int i = w->noisy ? 100 : 1; i > 0; i--)
		follower_settle(&w->follower);
	w->noisy = false;
	w->truncated = w->compressed = false;
}

void
reader_sync(struct world *w)
{
	writer_finish(w);
	if (!w->running || w->why[0])
		return;
	reader_settle(w);
	if (w->nread == w->nexpected || follower_await(&w->follower, 1500))
		return;
	/* On a busy machine that time may have passed before the loop ran. */
	reader_settle(w);
	for (uint32_t n = 0; n < w->nlines; n++)
		if (w->lines[n].state == EXPECTED && !w->lines[n].read)
			world_fail(w, "lost line %u", n);
}

/* Then files that have another one after them are closed. A writer that has
 * not noticed a rotation would be left alone with its file. */
void
reader_quiet(struct world *w)
{
	if (!w->running)
		return;
	if (!writer_has(w, world_log_name(w)))
		writer_leave(w);
	reader_sync(w);
	calls_pass_time(61000);
	reader_settle(w);
}

/* The oldest stamp that may have to be found by its time alone. */
static time_t
first_unread(const struct world *w)
{
	uint32_t n = 0;

	while (n < w->nlines &&
	       (w->lines[n].state != EXPECTED || w->lines[n].read))
		n++;
	return 1000 + n;
}

bool
reader_is_position(const struct world *w, const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && st.st_ino == w->pos.inode &&
	       st.st_dev == w->pos.device;
}

static bool
is_position_in(struct world *w, const char *name)
{
	const char *path = world_path(w, name);
	DIR *dir = opendir(path);
	struct dirent *d;
	char file[600];
	bool found = false;

	while (!found && dir != NULL && (d = readdir(dir)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, d->d_name);
		found = reader_is_position(w, file);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* Whether a name of the position's file is left. */
static bool
has_position(struct world *w)
{
	return is_position_in(w, "") || is_position_in(w, "old");
}

/* A file of which lines were read is found again by these, unless it is where
 * no path leads any more: a mount hides it, or it went with its mount. */
static void
save_position(struct world *w)
{
	follower_free_positions(&w->positions, &w->npositions);
	w->positions = follower_positions(&w->follower, &w->npositions);
	w->has_pos = w->npositions > 0;
	w->pos = w->has_pos ? w->positions[0] : (struct logpos){0};
	w->since = 1000 + w->nlines;
	if (!w->has_pos || w->pos.print.offset == 0 || w->truncated ||
	    (w->gone_away && !has_position(w)))
		w->since = first_unread(w);
}

static void
forget_position(struct world *w)
{
	follower_free_positions(&w->positions, &w->npositions);
	w->has_pos = false;
	w->pos = (struct logpos){0};
	w->since = first_unread(w);
}

/* Without dates in the names, times of change alone tell what is newer than a
 * file that was deleted, and how the files of two directories follow each
 * other. They lie if the clock was set back. A log that was moved with its
 * directory has no date. */
bool
reader_times_may_lie(const struct world *w)
{
	return w->set_back && (w->program->mode == NUMBERED ||
			       (w->program->mode == DATED && w->gone_away));
}

/*
 * Which directory the old logs are in is known from a file there that was the
 * log. A reader knows that by the descriptor if it has ever had the log open. A
 * start knows it by the position: by what was read up to there, or else by the
 * inode, which is lost if the file is compressed.
 */
bool
reader_may_go_away(struct world *w)
{
	if (!w->running)
		return w->has_pos &&
		       (w->pos.print.offset > 0 || has_position(w));
	if (!w->seen) {
		reader_settle(w);
		w->seen = world_exists(world_path(w, "log"));
	}
	return w->seen;
}

/* The position after the stop must be one by which reader_may_go_away() is
 * true. If its file was compressed before the reader came to it, nothing can
 * find it yet. */
static bool
may_stop(struct world *w, bool killed)
{
	if (killed)
		return w->has_pos &&
		       (w->pos.print.offset > 0 || has_position(w));
	if (w->compressed)
		reader_settle(w);
	return true;
}

void
reader_stop(struct world *w, enum op how)
{
	bool killed = how != STOP;
	bool lost = w->program->mode == LINKED || w->program->mode == PIPE;

	/* Its position may be in a file from before the clock was set back, and
	 * the log goes on in another directory. */
	if (!w->running || (w->gone_away && reader_times_may_lie(w)))
		return;
	if (w->program->mode == AWAY && !may_stop(w, killed))
		return;
	for (uint16_t i = 0; i < w->nfiles; i++)
		lost = lost || w->lost[i];
	if (lost)
		reader_sync(w);
	if (w->why[0])
		return;
	if (!killed)
		save_position(w);
	else if (how == FORGET)
		forget_position(w);
	source_close(&w->follower.source);
	w->running = false;
	if (w->program->mode == LINKED) /* one of its targets is found again */
		world_forget_halves(w);
	if (w->program->mode == PIPE && w->fd >= 0) {
		close(w->fd);
		w->fd = -1;
	}
	for (uint16_t i = 0; i < w->nfiles; i++)
		if (w->lost[i])
			world_lose(w, i);
}

/* Nobody knows when a FIFO ends. */
void
reader_once(struct world *w)
{
	struct source_start begin = {.once = true};
	struct err err;

	if (follower_open(&w->follower, w->spec, &begin, &err) == 0)
		world_fail(w, "reads a FIFO once");
	source_close(&w->follower.source);
}
