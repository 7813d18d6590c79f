#include "tests/model/logrotate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/model/accident.h"
#include "tests/model/calls.h"
#include "tests/model/reader.h"
#include "tests/model/writer.h"

/* What compresses a file, by what it appends to the name; the first two are
 * done here. */
static const struct {
	const char *suffix, *command;
} compressors[] = {
    {"", NULL},
    {".gz", NULL},
    {".bz2", "bzip2 -f"},
    {".xz", "xz -0f"},
    {".zst", "zstd -1qf --rm"},
};
enum { COMPRESSORS = sizeof(compressors) / sizeof(compressors[0]) };
enum { BZIP2 = 1 << 8 | 1 }; /* for logrotate_compress(), the youngest file */

/* A start that meets a rename begins again, but only eight times. The real
 * logrotate(8) is done with many files by then; here so many are renamed one by
 * one. */
enum { ONE_BY_ONE = 6 };

/* Makes the name after log.`last` free. */
static void
shift(struct world *w, int last)
{
	char from[64], to[64];

	for (int i = 60; i > last; i--) {
		for (int kind = 0; kind < COMPRESSORS; kind++) {
			sprintf(from, "log.%d%s", i, compressors[kind].suffix);
			sprintf(to, "log.%d%s", i + 1,
				compressors[kind].suffix);
			if (world_exists(world_path(w, from)))
				rename(world_path(w, from), world_path(w, to));
		}
	}
}

/* ---- one step at a time ---- */

bool
logrotate_begin(struct world *w)
{
	enum mode mode = w->program->mode;

	if (w->rotations > 50 || (mode == AWAY && !reader_may_go_away(w)))
		return false;
	w->step = mode == NUMBERED ? ONE_BY_ONE * COMPRESSORS : 0;
	if (mode == NUMBERED)
		shift(w, ONE_BY_ONE);
	return true;
}

/* Renames the next of the other files, if there is one left. */
static bool
shift_next(struct world *w)
{
	char from[64], to[64];

	while (w->step > 0) {
		const char *suffix;
		int i = (w->step + COMPRESSORS - 1) / COMPRESSORS;

		suffix = compressors[--w->step % COMPRESSORS].suffix;
		sprintf(from, "log.%d%s", i, suffix);
		sprintf(to, "log.%d%s", i + 1, suffix);
		if (rename(world_path(w, from), world_path(w, to)) == 0)
			return true;
	}
	return false;
}

static void
rotate_last(struct world *w)
{
	if (w->program->mode != NUMBERED) {
		logrotate_rotate(w, false);
		return;
	}
	rename(world_path(w, "log"), world_path(w, "log.1"));
	w->rotations++;
}

bool
logrotate_step(void *arg)
{
	struct world *w = arg;

	if (shift_next(w))
		return true;
	if (w->step == 0) {
		w->step = -1;
		rotate_last(w);
		return true;
	}
	writer_leave(w);
	writer_append(w, 1, EXPECTED);
	return false;
}

/* ---- all at once ---- */

static const char *
rotated_name(struct world *w)
{
	static char name[64];

	if (w->program->mode == DATED || w->program->mode == AWAY) {
		sprintf(name, "%slog-%d",
			w->program->mode == AWAY ? "old/" : "",
			20260101 + w->rotations++);
		return name;
	}
	shift(w, 0);
	w->rotations++;
	return "log.1";
}

void
logrotate_rotate(struct world *w, bool create)
{
	const char *name;

	if (w->rotations > 50)
		return;
	if (w->program->mode == AWAY && !reader_may_go_away(w))
		return;
	if (w->program->mode == STARRED) {
		w->rotations++;
	} else if (world_exists(world_path(w, "log"))) {
		name = rotated_name(w); /* needs the buffers of world_path() */
		rename(world_path(w, "log"), world_path(w, name));
	}
	if (create) {
		writer_leave(w);
		writer_open(w);
	}
}

void
logrotate_create(struct world *w, uint32_t arg)
{
	bool cut = arg % 2 && writer_has(w, world_log_name(w));
	int before = w->rotations;

	logrotate_rotate(w, false);
	if (cut && w->rotations > before)
		writer_cut(w);
	else
		writer_leave(w);
	writer_open(w);
}

static void
compress_file(struct world *w, const char *name)
{
	char gz[80], buffer[65536];
	struct timespec times[2];
	struct stat st;
	ssize_t got;
	gzFile out;
	int in;

	sprintf(gz, "%s.gz", name);
	in = open(world_path(w, name), O_RDONLY);
	out = gzopen(world_path(w, gz), "wb1");
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		gzwrite(out, buffer, (unsigned int)got);
	gzclose(out);
	fstat(in, &st);
	close(in);
	times[0] = times[1] = st.st_mtim;
	utimensat(AT_FDCWD, world_path(w, gz), times, 0);
	unlink(world_path(w, name));
}

/* False: there is no such program here. */
static bool
compress_by(struct world *w, const char *command, const char *name)
{
	char line[700];

	snprintf(line, sizeof(line), "%s '%s' 2>/dev/null", command,
		 world_path(w, name));
	return system(line) == 0;
}

/* Whether the file can only be known by its inode, which it loses if it is
 * compressed: nothing of it was read, or there is nothing to read. */
static bool
is_inode_alone(struct world *w, const char *name)
{
	struct stat st;

	if (!w->running)
		return w->pos.print.offset == 0 &&
		       reader_is_position(w, world_path(w, name));
	return stat(world_path(w, name), &st) == 0 && st.st_size == 0;
}

/* The youngest rotated file that the writer has left. */
void
logrotate_compress(struct world *w, uint32_t arg)
{
	const char *command;
	char name[64];

	for (int i = 1; i <= 60; i++) {
		if (w->program->mode == NUMBERED)
			sprintf(name, "log.%d", i);
		else
			sprintf(name, "%slog-%d",
				w->program->mode == AWAY ? "old/" : "",
				20260101 + w->rotations - i);
		if (!world_exists(world_path(w, name)) || writer_has(w, name) ||
		    arg++ % 3 == 0)
			continue;
		if (w->program->mode == AWAY && is_inode_alone(w, name))
			continue;
		command =
		    compressors[1 + (arg >> 8) % (COMPRESSORS - 1)].command;
		if (command == NULL || !compress_by(w, command, name))
			compress_file(w, name);
		w->compressed = true;
		return;
	}
}

/* The writer goes on with the old file for a while. */
static void
rotate_early(struct world *w)
{
	int before = w->rotations, fd;

	/* A start that goes by time knows nothing of a file without one. */
	if (w->nlines > 0 && w->lines[w->nlines - 1].state == OVERLONG)
		return;
	logrotate_rotate(w, false);
	if (w->rotations == before || world_exists(world_path(w, "log")))
		return;
	fd = open(world_path(w, "log"), O_WRONLY | O_CREAT, 0600);
	writer_set_time(w, fd);
	close(fd);
	w->made = true;
}

/* It was quiet for so long before that it would be closed at once. */
static void
rotate_quiet(struct world *w)
{
	reader_quiet(w);
	rotate_early(w);
	reader_settle(w);
	writer_append(w, 1, EXPECTED);
}

/* When the reader starts, the old file has half a line. */
static void
rotate_half(struct world *w)
{
	reader_stop(w, FORGET);
	if (w->running)
		return;
	writer_leave(w);
	logrotate_rotate(w, true);
	writer_half(w, 15);
	rotate_early(w);
	reader_start(w);
	reader_settle(w);
	writer_finish(w);
}

void
logrotate_rotate_early(struct world *w, uint32_t arg)
{
	if (w->gone_away && reader_times_may_lie(w))
		reader_settle(w); /* nothing tells the order of two files */
	if (arg % 4 == 0)
		rotate_quiet(w);
	else if (arg % 4 == 1 && w->program->mode <= DATED)
		rotate_half(w);
	else
		rotate_early(w);
}

void
logrotate_copytruncate(struct world *w, bool losing)
{
	uint32_t before = w->nlines;

	if (!world_exists(world_path(w, "log")) || w->rotations > 50)
		return;
	if (!writer_has(w, "log"))
		writer_leave(w);
	if (losing)
		writer_finish(w);
	writer_split(w);
	world_copy_file(w, "log", rotated_name(w));
	if (losing) {
		writer_append(w, 1, EXPECTED);
		for (uint32_t n = before; n < w->nlines; n++)
			world_excuse(w, n);
	}
	writer_empty(w);
}

static bool
rotate_again(void *arg)
{
	struct world *w = arg;

	logrotate_rotate(w, true);
	writer_append(w, 1, EXPECTED);
	return --w->step > 0;
}

/* Lets the reader read a line of the log that will be copied. False: there are
 * enough copies, or the log is elsewhere. */
static bool
begin_copies(struct world *w)
{
	if (!w->running || (w->program->mode == NUMBERED && w->gone_away) ||
	    w->rotations > 45)
		return false;
	if (!writer_has(w, "log"))
		writer_leave(w);
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
	return true;
}

void
logrotate_copy_meeting(struct world *w, uint32_t arg)
{
	bool opens = arg / 128 % 2;

	if (!begin_copies(w))
		return;
	writer_half(w, 15);
	logrotate_copytruncate(w, false);
	writer_finish(w);
	w->step = 2;
	calls_meet(rotate_again, w, opens ? arg % 16 : arg % 100, 0, opens);
	reader_settle(w);
	calls_finish();
}

void
logrotate_delete_old(struct world *w)
{
	DIR *dir = opendir(world_path(w, ""));
	struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, "log.", 4) == 0 ||
		    strncmp(d->d_name, "log-", 4) == 0)
			unlink(world_path(w, d->d_name));
	if (dir != NULL)
		closedir(dir);
	world_forget_halves(w);
}

/* Half a line was read, the log is emptied, and the copy is lost. The end of
 * the line is in it, or the writer goes on with it in the log. The reader
 * cannot tell, and begins after the next newline. */
static void
lose_copy(struct world *w, uint32_t arg)
{
	writer_half(w, arg);
	reader_settle(w);
	if (w->held_len > 0)
		world_excuse(w, w->held_line);
	if (arg / 2 % 2) {
		writer_finish(w);
		w->torn = true;
	}
	logrotate_copytruncate(w, false);
	logrotate_delete_old(w);
	w->truncated = true;
}

/* More files than the reader can keep up with. If it knows a file before them,
 * the names of the others tell their order, whatever the clock says. */
static void
copy_and_rotate(struct world *w, uint64_t *state, bool known)
{
	for (uint64_t i = 1 + program_random(state) % 3; i > 0; i--) {
		bool empty = program_random(state) % 3 == 0;

		if (known && program_random(state) % 3 == 0) {
			w->ahead -= 3600;
			w->set_back = true;
		}
		if (!empty)
			writer_append(w, 1, EXPECTED);
		if (known && program_random(state) % 4 == 0)
			logrotate_rotate(w, true);
		else
			logrotate_copytruncate(w, false);
		if (empty) /* what bzip2 makes of it is not much, either */
			logrotate_compress(w, BZIP2);
		else if (program_random(state) % 2)
			logrotate_compress(w, (uint32_t)program_random(state));
	}
	writer_append(w, 1, EXPECTED);
}

void
logrotate_copy_often(struct world *w, uint32_t arg)
{
	uint64_t state = arg;
	bool copied = program_random(&state) % 3 > 0;

	if (!begin_copies(w))
		return;
	if (copied) {
		logrotate_copytruncate(w, false);
		reader_sync(w);
	} else {
		lose_copy(w, arg);
	}
	if (copied || arg / 4 % 3 > 0)
		copy_and_rotate(w, &state, copied);
	else
		writer_append(w, 2, EXPECTED);
	if (!copied)
		reader_settle(w);
}

/* ---- olddir for a while ---- */

/* A directory may list its files in any order. */
static void
list_first(struct world *w, const char *name)
{
	rename(world_path(w, name), world_path(w, "old/other"));
	rename(world_path(w, "old/other"), world_path(w, name));
}

/* The clock is set back after the oldest. All of it is read. */
static void
fill_olddir(struct world *w, const char *const names[], int count)
{
	for (int i = 0; i < count; i++) {
		writer_append(w, 1, EXPECTED);
		reader_sync(w);
		rename(world_path(w, "log"), world_path(w, names[i]));
		writer_leave(w);
		writer_open(w);
		if (i == 0)
			accident_set_clock(w, -3600);
	}
}

void
logrotate_olddir(struct world *w)
{
	static const char *const names[] = {"old/log.3", "old/log.2",
					    "old/log.1"};

	if (!w->running || w->gone_away || w->rotations > 45)
		return;
	if (!writer_has(w, "log"))
		writer_leave(w);
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
	logrotate_delete_old(w);
	fill_olddir(w, names, 3);
	for (int i = 2; i >= 0; i--)
		list_first(w, names[i]);
	writer_append(w, 1, EXPECTED);
	logrotate_rotate(w, true);
	writer_append(w, 1, EXPECTED);
	reader_sync(w);
	for (int i = 0; i < 3; i++)
		unlink(world_path(w, names[i]));
}
