/*
 * Random programs of what can happen to a log, run against a model that knows
 * which lines must have been read in the end: no line may be lost, and no text
 * that is not a line may be taken for one.
 *
 * FOLLOW_PROGRAMS=N runs N programs, FOLLOW_SEED=S begins with that seed
 * instead of those that found faults before. A failing program is made as short
 * as it goes and printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

/* ---- programs ---- */

enum op {
	APPEND,
	FLOOD,
	HALF,
	FINISH,
	LATE, /* a line longer than any may be */
	REOPEN,
	ROTATE,
	ROTATE_CREATE,
	COMPRESS,
	COPYTRUNCATE,
	COPY_LOSING,
	TRUNCATE,
	DELETE,
	SWITCH,
	MOVE,
	MOUNT,
	UNMOUNT,
	CLOCK, /* set back or forth */
	RUN,
	STOP,
	KILL, /* nothing is saved: a start finds an older checkpoint, or no
		 checkpoint */
	START,
	OVERFLOW,
	OPS
};

static const char *const names[OPS] = {"append",
				       "flood",
				       "half",
				       "finish",
				       "overlong",
				       "reopen",
				       "rotate",
				       "rotate+create",
				       "compress",
				       "copytruncate",
				       "copy+line+truncate",
				       "truncate",
				       "delete",
				       "switch",
				       "move directory",
				       "mount",
				       "unmount",
				       "set the clock",
				       "run",
				       "stop",
				       "kill",
				       "start",
				       "overflow"};

/* AWAY: into a directory beside the log, logrotate(8)'s olddir. */
enum mode { NUMBERED, DATED, LINKED, STARRED, AWAY, PIPE, MODES };
static const char *const modes[MODES] = {"numbered", "dated",  "linked",
					 "starred",  "olddir", "FIFO"};

/* How often each op comes, by mode; 0 where it makes no sense. */
static const int weights[MODES][OPS] = {
    [NUMBERED] = {[APPEND] = 30,      [FLOOD] = 2,	   [HALF] = 8,
		  [FINISH] = 8,	      [LATE] = 2,	   [REOPEN] = 8,
		  [ROTATE] = 6,	      [ROTATE_CREATE] = 6, [COMPRESS] = 4,
		  [COPYTRUNCATE] = 6, [COPY_LOSING] = 2,   [TRUNCATE] = 2,
		  [DELETE] = 2,	      [MOVE] = 1,	   [MOUNT] = 1,
		  [UNMOUNT] = 2,      [CLOCK] = 2,	   [RUN] = 14,
		  [STOP] = 7,	      [KILL] = 2,	   [START] = 7},
    [DATED] = {[APPEND] = 30,	   [FLOOD] = 2,		[HALF] = 8,
	       [FINISH] = 8,	   [LATE] = 2,		[REOPEN] = 8,
	       [ROTATE] = 6,	   [ROTATE_CREATE] = 6, [COMPRESS] = 4,
	       [COPYTRUNCATE] = 6, [COPY_LOSING] = 2,	[TRUNCATE] = 2,
	       [DELETE] = 2,	   [MOVE] = 1,		[MOUNT] = 1,
	       [UNMOUNT] = 2,	   [CLOCK] = 2,		[RUN] = 14,
	       [STOP] = 7,	   [KILL] = 2,		[START] = 7},
    [LINKED] = {[APPEND] = 30,
		[FLOOD] = 2,
		[HALF] = 8,
		[FINISH] = 8,
		[LATE] = 2,
		[COPYTRUNCATE] = 4,
		[TRUNCATE] = 2,
		[SWITCH] = 12,
		[RUN] = 14,
		[STOP] = 7,
		[START] = 7},
    [STARRED] = {[APPEND] = 30,
		 [FLOOD] = 2,
		 [HALF] = 8,
		 [FINISH] = 8,
		 [LATE] = 2,
		 [REOPEN] = 8,
		 [ROTATE] = 6,
		 [ROTATE_CREATE] = 6,
		 [COMPRESS] = 4,
		 [TRUNCATE] = 2,
		 [DELETE] = 2,
		 [MOVE] = 1,
		 [MOUNT] = 1,
		 [UNMOUNT] = 2,
		 [RUN] = 14,
		 [STOP] = 7,
		 [KILL] = 2,
		 [START] = 7},
    [AWAY] = {[APPEND] = 30,
	      [FLOOD] = 2,
	      [HALF] = 8,
	      [FINISH] = 8,
	      [LATE] = 2,
	      [REOPEN] = 8,
	      [ROTATE] = 6,
	      [ROTATE_CREATE] = 6,
	      [COMPRESS] = 4,
	      [RUN] = 14,
	      [STOP] = 7,
	      [KILL] = 2,
	      [START] = 7},
    [PIPE] = {[APPEND] = 30,
	      [HALF] = 8,
	      [FINISH] = 8,
	      [REOPEN] = 8,
	      [RUN] = 14,
	      [STOP] = 4,
	      [START] = 8},
};

enum { PROGRAM_MAX = 60 };

/* In a mount namespace of its own. */
static bool may_mount;

struct program {
	uint64_t seed;
	enum mode mode;
	bool holes; /* the writer keeps its own offset when we truncate */
	size_t len;
	struct {
		enum op op;
		uint32_t arg;
	} steps[PROGRAM_MAX];
};

static uint64_t
random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static enum op
random_op(uint64_t *state, enum mode mode)
{
	int sum = 0, pick;

	for (int op = 0; op < OPS; op++)
		sum += weights[mode][op];
	pick = (int)(random_next(state) % (uint64_t)sum);
	for (int op = 0; op < OPS; op++)
		if ((pick -= weights[mode][op]) < 0)
			/* Rare, as it takes a while. */
			return op == RUN && random_next(state) % 50 == 0
				   ? OVERFLOW
				   : (enum op)op;
	return APPEND;
}

static struct program
make_program(uint64_t seed)
{
	struct program p = {.seed = seed};
	uint64_t state = seed;

	p.mode = (enum mode)(random_next(&state) % 11);
	if (p.mode >= MODES)
		p.mode = random_next(&state) % 2 ? NUMBERED : DATED;
	p.holes = random_next(&state) % 4 == 0;
	p.len = 4 + random_next(&state) % (PROGRAM_MAX - 4);
	for (size_t i = 0; i < p.len; i++) {
		p.steps[i].op = random_op(&state, p.mode);
		p.steps[i].arg = (uint32_t)random_next(&state);
	}
	return p;
}

/* ---- the world ---- */

enum { LINES_MAX = 60000, LINE_MAX_LEN = 70000, FILES_MAX = 400 };
enum state { EXPECTED, EXCUSED, OVERLONG };

struct line {
	enum state state;
	bool read;
	uint16_t file; /* where it was written */
	uint32_t len;
};

struct world {
	const struct program *program;
	char *top; /* directory */
	char spec[256];
	struct line *lines;
	uint32_t nlines, nread; /* nread: of the expected */
	uint32_t nexpected;
	/* The writer. */
	int fd;
	uint16_t file, nfiles; /* the file that fd is */
	bool lost[FILES_MAX];  /* that file cannot be found after a stop ... */
	bool gone[FILES_MAX];  /* ... and there was one */
	char held[LINE_MAX_LEN + 64]; /* the rest of a half-written line */
	size_t held_len;
	uint32_t held_line;
	/* Lines torn in two by copytruncate: the rest may come as a line. */
	struct {
		uint32_t line, rest;
	} split[PROGRAM_MAX];
	int nsplit;
	int rotations, moves, target;
	bool truncated;	 /* and the reader may not have noticed yet */
	bool noisy;	 /* it has thousands of events to read */
	bool seen;	 /* it has had a log open since its last start */
	bool compressed; /* a file was, which it may not have read */
	/* What a mount hides, and the clock that the files' times come from. */
	bool mounted;
	uint16_t under;		/* file at the mount */
	bool hidden[FILES_MAX]; /* the mount alone keeps it from being found */
	time_t ahead;
	bool set_back, gone_away; /* ever */
	/* The reader. */
	struct follower follower;
	bool running;
	struct logpos pos;
	bool has_pos;
	time_t since;
	char why[512]; /* it failed */
};

__attribute__((format(printf, 2, 3))) static void
fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (w->why[0] == '\0')
		vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	if (w->running)
		loop_stop(w->follower.loop, 0);
}

static char *
path(struct world *w, const char *name)
{
	static char buffers[4][512];
	static int next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/d/%s", w->top, name);
	return buffer;
}

static bool
exists(const char *name)
{
	return access(name, F_OK) == 0;
}

/* The name the writer opens. */
static const char *
live_name(struct world *w)
{
	static char name[64];

	if (w->program->mode != STARRED)
		return "log";
	snprintf(name, sizeof(name), "log-%d", 20260101 + w->rotations);
	return name;
}

/* A line says its number, and its bytes follow from it. */
static size_t
make_line(uint32_t n, enum state state, char *out)
{
	uint64_t seed = n * 2654435761u + 1;
	size_t pad = state == OVERLONG ? 66000 : random_next(&seed) % 120;
	int len = sprintf(out, "%010u line %u ", 1000 + n, n);

	/* Nowhere the same bytes, by which the reader knows its place. */
	for (size_t i = 0; i < pad; i++)
		out[len++] =
		    (char)('a' + (n + i + i / 26 + i / 676 + i / 17576) % 26);
	out[len] = '\0';
	return (size_t)len;
}

static bool
is_rest(const struct world *w, const char *text, size_t len)
{
	static char line[LINE_MAX_LEN];

	for (int i = 0; i < w->nsplit; i++) {
		uint32_t n = w->split[i].line;
		size_t all = make_line(n, w->lines[n].state, line);

		if (len == w->split[i].rest && len <= all &&
		    memcmp(text, line + all - len, len) == 0)
			return true;
	}
	return false;
}

static bool
take_line(void *arg, const char *text, size_t len)
{
	static char want[LINE_MAX_LEN];
	struct world *w = arg;
	struct line *line;
	unsigned int stamp, n;
	char head[64];

	if (is_rest(w, text, len))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(len < 60 ? len : 60), text);
	if (sscanf(head, "%u line %u ", &stamp, &n) != 2 || n >= w->nlines ||
	    make_line(n, w->lines[n].state, want) != len ||
	    memcmp(text, want, len) != 0) {
		fail(w, "took for a line (%zu bytes): %s", len, head);
		return false;
	}
	line = &w->lines[n];
	if (line->state == EXPECTED && !line->read)
		w->nread++;
	line->read = true;
	return w->nread == w->nexpected;
}

static void
excuse(struct world *w, uint32_t n)
{
	struct line *line = &w->lines[n];

	if (line->state != EXPECTED)
		return;
	line->state = EXCUSED;
	w->nexpected--;
	w->nread -= line->read;
}

static void
excuse_unread(struct world *w, uint16_t file)
{
	for (uint32_t n = 0; n < w->nlines; n++)
		if (w->lines[n].file == file && !w->lines[n].read)
			excuse(w, n);
}

/* Nobody can find what is or will be written there. */
static void
lose(struct world *w, uint16_t file)
{
	w->lost[file] = true;
	if (w->running)
		return;
	w->gone[file] = true;
	excuse_unread(w, file);
}

/* ---- the writer ---- */

/* Whether what is written now could be read. */
static bool
may_write(const struct world *w)
{
	return w->program->mode != PIPE || w->running;
}

/* The times of files follow the clock that programs set. */
static void
set_time(const struct world *w, int fd)
{
	struct timespec times[2];

	if (w->ahead == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec += w->ahead;
	times[1] = times[0];
	futimens(fd, times);
}

/* Cuts the log down to nothing. */
static void
empty_log(struct world *w)
{
	int fd = open(path(w, live_name(w)), O_WRONLY);

	if (fd < 0 || ftruncate(fd, 0) != 0)
		fail(w, "cannot truncate: %s", strerror(errno));
	set_time(w, fd);
	close(fd);
}

static void
open_log(struct world *w)
{
	struct stat st;
	bool there;

	if (w->fd >= 0 || !may_write(w))
		return;
	there = stat(path(w, live_name(w)), &st) == 0;
	w->fd = open(path(w, live_name(w)),
		     O_WRONLY | O_CREAT | O_NONBLOCK |
			 (w->program->holes ? 0 : O_APPEND),
		     0600);
	if (w->fd < 0)
		return;
	lseek(w->fd, 0, SEEK_END);
	if (!there)
		set_time(w, w->fd);
	if (!there || w->nfiles == 0)
		w->file = w->nfiles++;
}

static void
put(struct world *w, const char *bytes, size_t len)
{
	if (write(w->fd, bytes, len) != (ssize_t)len)
		fail(w, "cannot write: %s", strerror(errno));
}

static void
finish_line(struct world *w)
{
	if (w->held_len > 0 && w->fd >= 0) {
		put(w, w->held, w->held_len);
		set_time(w, w->fd);
	}
	w->held_len = 0;
}

static uint32_t
new_line(struct world *w, enum state state, char *text, size_t *len)
{
	uint32_t n = w->nlines++;

	*len = make_line(n, state, text);
	text[(*len)++] = '\n';
	w->lines[n] = (struct line){.state = state, .file = w->file};
	if (state == EXPECTED)
		w->nexpected++;
	if (w->gone[w->file])
		excuse(w, n);
	return n;
}

static void
append(struct world *w, uint32_t count, enum state state)
{
	static char text[LINE_MAX_LEN];
	size_t len;

	open_log(w);
	finish_line(w);
	for (uint32_t i = 0; i < count && w->nlines < LINES_MAX && w->fd >= 0;
	     i++) {
		new_line(w, state, text, &len);
		put(w, text, len);
	}
	if (w->fd >= 0)
		set_time(w, w->fd);
}

static void
half(struct world *w, uint32_t arg)
{
	static char text[LINE_MAX_LEN];
	size_t len, first;

	open_log(w);
	finish_line(w);
	if (w->fd < 0 || w->nlines >= LINES_MAX)
		return;
	w->held_line = new_line(
	    w, arg % 16 || w->program->mode == PIPE ? EXPECTED : OVERLONG, text,
	    &len);
	first = 1 + arg % (len - 1);
	put(w, text, first);
	set_time(w, w->fd);
	memcpy(w->held, text + first, len - first);
	w->held_len = len - first;
}

static void
leave(struct world *w)
{
	finish_line(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

/* ---- the reader ---- */

static void
start(struct world *w)
{
	struct source_start begin = {
	    .pos = &w->pos, .npos = w->has_pos, .since = w->since};
	struct err err;

	if (w->running)
		return;
	if (follower_open(&w->follower, w->spec, &begin, &err) != 0) {
		fail(w, "cannot open: %s", err.text);
		return;
	}
	w->running = true;
	w->seen = exists(path(w, "log"));
}

static void
settle(struct world *w)
{
	if (!w->running)
		return;
	/* The loop reads some hundred events in a round. */
	for (int i = w->noisy ? 100 : 1; i > 0; i--)
		follower_settle(&w->follower);
	w->noisy = false;
	w->truncated = w->compressed = false;
}

/* All that must have been read by now. */
static void
sync_up(struct world *w)
{
	finish_line(w);
	if (!w->running || w->why[0])
		return;
	settle(w);
	if (w->nread == w->nexpected || follower_await(&w->follower, 1500))
		return;
	/* On a busy machine that time may have passed before the loop ran. */
	settle(w);
	for (uint32_t n = 0; n < w->nlines; n++)
		if (w->lines[n].state == EXPECTED && !w->lines[n].read)
			fail(w, "lost line %u", n);
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

static void
save_position(struct world *w)
{
	logpos_clear(&w->pos);
	w->has_pos = source_position(w->follower.source, &w->pos) == 0;
	w->since = 1000 + w->nlines;
	if (!w->has_pos || w->pos.print.offset == 0 || w->truncated)
		w->since = first_unread(w);
}

/* Without dates in the names, times of change alone tell what is newer than a
 * file that was deleted, and how the files of two directories follow each
 * other. They lie if the clock was set back. */
static bool
may_times_lie(const struct world *w)
{
	return w->set_back && w->program->mode == NUMBERED;
}

static bool
is_position(const struct world *w, const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && st.st_ino == w->pos.inode &&
	       st.st_dev == w->pos.device;
}

/* Whether a name of the position's file is left. */
static bool
has_position(struct world *w)
{
	char name[64];

	for (int i = 0; i < w->rotations; i++) {
		sprintf(name, "old/log-%d", 20260101 + i);
		if (is_position(w, path(w, name)))
			return true;
	}
	return is_position(w, path(w, "log"));
}

/*
 * Which directory the old logs are in is known from a file there that was the
 * log. A reader knows that by the descriptor if it has ever had the log open. A
 * start knows it by the position: by what was read up to there, or else by the
 * inode, which is lost if the file is compressed.
 */
static bool
may_go_away(struct world *w)
{
	if (!w->running)
		return w->has_pos &&
		       (w->pos.print.offset > 0 || has_position(w));
	if (!w->seen) {
		settle(w);
		w->seen = exists(path(w, "log"));
	}
	return w->seen;
}

/* The position after the stop must be one by which may_go_away() is true. If
 * its file was compressed before the reader came to it, nothing can find it
 * yet. */
static bool
may_stop(struct world *w, bool killed)
{
	if (killed)
		return w->has_pos &&
		       (w->pos.print.offset > 0 || has_position(w));
	if (w->compressed)
		settle(w);
	return true;
}

/* killed: the position is that of the last stop, if there was one. */
static void
stop(struct world *w, bool killed)
{
	bool lost = w->program->mode == LINKED || w->program->mode == PIPE;

	/* Its position may be in a file from before the clock was set back, and
	 * the log goes on in another directory. */
	if (!w->running || (w->gone_away && may_times_lie(w)))
		return;
	if (w->program->mode == AWAY && !may_stop(w, killed))
		return;
	for (uint16_t i = 0; i < w->nfiles; i++)
		lost = lost || w->lost[i];
	if (lost)
		sync_up(w);
	if (w->why[0])
		return;
	if (!killed)
		save_position(w);
	source_close(&w->follower.source);
	w->running = false;
	if (w->program->mode == PIPE && w->fd >= 0) {
		close(w->fd);
		w->fd = -1;
	}
	for (uint16_t i = 0; i < w->nfiles; i++)
		if (w->lost[i])
			lose(w, i);
}

/* ---- what happens to the log ---- */

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

/* Makes .1 free. */
static void
shift(struct world *w)
{
	char from[64], to[64];

	for (int i = 60; i > 0; i--) {
		for (int kind = 0; kind < COMPRESSORS; kind++) {
			sprintf(from, "log.%d%s", i, compressors[kind].suffix);
			sprintf(to, "log.%d%s", i + 1,
				compressors[kind].suffix);
			if (exists(path(w, from)))
				rename(path(w, from), path(w, to));
		}
	}
}

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
	shift(w);
	w->rotations++;
	return "log.1";
}

static void
rotate(struct world *w, bool create)
{
	if (w->rotations > 50)
		return;
	if (w->program->mode == AWAY && !may_go_away(w))
		return;
	if (w->program->mode == STARRED)
		w->rotations++;
	else if (exists(path(w, "log")))
		rename(path(w, "log"), path(w, rotated_name(w)));
	if (create) {
		leave(w);
		open_log(w);
	}
}

static bool
is_writers(struct world *w, const char *name)
{
	struct stat a, b;

	return w->fd >= 0 && stat(path(w, name), &a) == 0 &&
	       fstat(w->fd, &b) == 0 && a.st_ino == b.st_ino;
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
	in = open(path(w, name), O_RDONLY);
	out = gzopen(path(w, gz), "wb1");
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		gzwrite(out, buffer, (unsigned int)got);
	gzclose(out);
	fstat(in, &st);
	close(in);
	times[0] = times[1] = st.st_mtim;
	utimensat(AT_FDCWD, path(w, gz), times, 0);
	unlink(path(w, name));
}

/* False: there is no such program here. */
static bool
compress_by(struct world *w, const char *command, const char *name)
{
	char line[700];

	snprintf(line, sizeof(line), "%s '%s' 2>/dev/null", command,
		 path(w, name));
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
		       is_position(w, path(w, name));
	return stat(path(w, name), &st) == 0 && st.st_size == 0;
}

/* The youngest rotated file that the writer has left. */
static void
compress_one(struct world *w, uint32_t arg)
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
		if (!exists(path(w, name)) || is_writers(w, name) ||
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

static void
copy_file(struct world *w, const char *from, const char *to)
{
	char buffer[65536];
	int in = open(path(w, from), O_RDONLY);
	int out = open(path(w, to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t got;

	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got)
			fail(w, "cannot copy to %s", to);
	set_time(w, out);
	close(in);
	close(out);
}

static void
copytruncate(struct world *w, bool losing)
{
	uint32_t before = w->nlines;

	if (!exists(path(w, "log")) || w->rotations > 50)
		return;
	if (!is_writers(w, "log"))
		leave(w);
	if (losing)
		finish_line(w);
	if (w->held_len > 0) {
		/* The two halves end up in two files. */
		excuse(w, w->held_line);
		w->split[w->nsplit].line = w->held_line;
		w->split[w->nsplit++].rest = (uint32_t)w->held_len - 1;
	}
	copy_file(w, "log", rotated_name(w));
	if (losing) {
		append(w, 1, EXPECTED);
		for (uint32_t n = before; n < w->nlines; n++)
			excuse(w, n);
	}
	empty_log(w);
}

static void
truncate_log(struct world *w, uint32_t arg)
{
	finish_line(w);
	if (!exists(path(w, live_name(w))) || !is_writers(w, live_name(w)))
		return;
	sync_up(w);
	if (!w->running)
		excuse_unread(w, w->file);
	empty_log(w);
	w->truncated = true;
	if (arg % 2)
		append(w, 200, EXPECTED);
}

/* If the reader is away, it has not seen the log since the clock was set. */
static void
delete_log(struct world *w)
{
	if (!w->running && may_times_lie(w))
		return;
	if (!is_writers(w, live_name(w)))
		leave(w);
	open_log(w);
	sync_up(w);
	lose(w, w->file);
	unlink(path(w, live_name(w)));
}

static void
switch_link(struct world *w)
{
	char target[16];

	/* The place is that of the oldest file that is open, and a target that
	 * came and went while nobody looked is nobody's sibling. */
	if (w->target > 30 || (w->follower.loop && !w->running &&
			       (w->target > 1 || w->rotations > 0)))
		return;
	sync_up(w);
	leave(w);
	sprintf(target, "t%d", w->target++);
	if (symlink(target, path(w, "next")) != 0)
		fail(w, "cannot link: %s", strerror(errno));
	rename(path(w, "next"), path(w, "log"));
	open_log(w);
}

static void
move_directory(struct world *w)
{
	char to[300];

	if (w->mounted || (!w->running && may_times_lie(w)))
		return;
	w->gone_away = true;
	sync_up(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		lose(w, i);
	snprintf(to, sizeof(to), "%s/old%d", w->top, w->moves++);
	rename(path(w, ""), to);
	mkdir(path(w, ""), 0700);
}

static void
lose_all(struct world *w)
{
	sync_up(w);
	leave(w);
	for (uint16_t i = 0; i < w->nfiles; i++)
		lose(w, i);
}

/* log2ram(8), or a disk for logs that is mounted late. */
static void
mount_over(struct world *w)
{
	if (!may_mount || w->mounted || (!w->running && may_times_lie(w)))
		return;
	w->gone_away = true;
	for (uint16_t i = 0; i < w->nfiles; i++)
		w->hidden[i] = !w->lost[i] && !w->gone[i];
	lose_all(w);
	if (mount("none", path(w, ""), "tmpfs", 0, "size=64m") != 0)
		fail(w, "cannot mount: %s", strerror(errno));
	w->mounted = true;
	w->under = w->file;
}

/* What was below it can be found again. */
static void
unmount(struct world *w)
{
	if (!w->mounted || (!w->running && may_times_lie(w)))
		return;
	lose_all(w);
	if (umount2(path(w, ""), MNT_DETACH) != 0)
		fail(w, "cannot unmount: %s", strerror(errno));
	w->mounted = false;
	w->file = w->under;
	for (uint16_t i = 0; i < w->nfiles; i++) {
		if (w->hidden[i])
			w->lost[i] = w->gone[i] = false;
		w->hidden[i] = false;
	}
}

/* What is emptied or deleted is only found by its time if the reader has seen
 * the log since the clock was set. So are files without dates if the log goes
 * on in another directory. */
static void
set_clock(struct world *w, int seconds)
{
	if (!w->running && w->gone_away && w->program->mode == NUMBERED)
		return;
	w->set_back = w->set_back || seconds < 0;
	sync_up(w);
	w->ahead += seconds;
	append(w, 1, EXPECTED);
	sync_up(w);
}

/* More events than the kernel keeps, and a rotation that no event reports. */
static void
overflow(struct world *w)
{
	int max = 16384;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	if (file != NULL && fscanf(file, "%d", &max) != 1)
		max = 16384;
	if (file != NULL)
		fclose(file);
	if (max > 100000)
		return;
	settle(w);
	close(open(path(w, "noise"), O_CREAT | O_WRONLY, 0600));
	close(open(path(w, "sound"), O_CREAT | O_WRONLY, 0600));
	for (int i = 0; i < max / 2 + 10; i++) {
		chmod(path(w, "noise"), 0600);
		chmod(path(w, "sound"), 0600);
	}
	w->noisy = true;
	if (w->program->mode != LINKED && w->program->mode != PIPE)
		rotate(w, true);
	append(w, 1, EXPECTED);
}

static void
do_step(struct world *w, enum op op, uint32_t arg)
{
	switch (op) {
	case APPEND:
		append(w, arg % 5 + 1, EXPECTED);
		break;
	case FLOOD:
		append(w, arg % 3000, EXPECTED);
		break;
	case HALF:
		half(w, arg);
		break;
	case FINISH:
		finish_line(w);
		break;
	case LATE:
		append(w, 1, OVERLONG);
		break;
	case REOPEN:
		leave(w);
		open_log(w);
		break;
	case ROTATE:
	case ROTATE_CREATE:
		rotate(w, op == ROTATE_CREATE);
		break;
	case COMPRESS:
		compress_one(w, arg);
		break;
	case COPYTRUNCATE:
	case COPY_LOSING:
		copytruncate(w, op == COPY_LOSING);
		break;
	case TRUNCATE:
		truncate_log(w, arg);
		break;
	case DELETE:
		delete_log(w);
		break;
	case SWITCH:
		switch_link(w);
		break;
	case MOVE:
		move_directory(w);
		break;
	case MOUNT:
		mount_over(w);
		break;
	case UNMOUNT:
		unmount(w);
		break;
	case CLOCK:
		set_clock(w, ((int)(arg % 7) - 3) * 3600);
		break;
	case RUN:
		settle(w);
		break;
	case STOP:
	case KILL:
		stop(w, op == KILL);
		break;
	case START:
		start(w);
		break;
	case OVERFLOW:
		if (w->running)
			overflow(w);
		break;
	case OPS:
		break;
	}
}

/* ---- running ---- */

/* NULL: as the model says; else what is wrong. */
static char *
run_program(const struct program *p, struct line *lines)
{
	static struct world world;
	struct world *w = &world;
	struct err err;

	memset(w, 0, sizeof(*w));
	w->program = p;
	w->lines = lines;
	w->fd = -1;
	w->top = follower_directory();
	mkdir(path(w, ""), 0700);
	mkdir(path(w, "old"), 0700);
	if (p->mode == PIPE)
		mkfifo(path(w, "log"), 0600);
	snprintf(w->spec, sizeof(w->spec), "%s/d/log%s", w->top,
		 p->mode == STARRED ? "-*" : "");
	if (p->mode == LINKED)
		switch_link(w);
	w->follower.loop = loop_new(&err);
	w->follower.line = take_line;
	w->follower.arg = w;
	start(w);
	for (size_t i = 0; i < p->len && w->why[0] == '\0'; i++)
		do_step(w, p->steps[i].op, p->steps[i].arg);
	if (w->why[0] == '\0')
		start(w);
	sync_up(w);
	settle(w);
	source_close(&w->follower.source);
	loop_free(&w->follower.loop);
	if (w->fd >= 0)
		close(w->fd);
	logpos_clear(&w->pos);
	if (w->mounted)
		umount2(path(w, ""), MNT_DETACH);
	follower_remove_all(w->top);
	free(w->top);
	return w->why[0] ? strdup(w->why) : NULL;
}

/* Leaves out steps, most at a time first, as long as it still fails. */
static void
shrink(struct program *p, struct line *lines)
{
	for (size_t cut = p->len / 2; cut > 0; cut /= 2) {
		for (size_t at = 0; at + cut <= p->len;) {
			struct program less = *p;
			char *why;

			memmove(&less.steps[at], &less.steps[at + cut],
				(less.len - at - cut) * sizeof(less.steps[0]));
			less.len -= cut;
			why = run_program(&less, lines);
			if (why != NULL)
				*p = less;
			else
				at += cut;
			free(why);
		}
	}
}

static void
print_program(const struct program *p, const char *why)
{
	printf("# seed %" PRIu64 " (%s%s), shortened: %s\n", p->seed,
	       modes[p->mode], p->holes ? ", holes" : "", why);
	for (size_t i = 0; i < p->len; i++)
		printf("#   %s %u\n", names[p->steps[i].op], p->steps[i].arg);
}

static void
report(struct program *p, char *why, struct line *lines)
{
	char *shorter;

	printf("# seed %" PRIu64 ": %s\n", p->seed, why);
	fflush(stdout);
	shrink(p, lines);
	shorter = run_program(p, lines);
	print_program(p, shorter ? shorter : "fails only sometimes");
	free(shorter);
	free(why);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* What each of these programs found once. They depend on the weights: if those
 * change, put the faults back and look for others. */
static const uint64_t known[] = {
    348,   /* the whole seconds that bzip2(1) keeps */
    1915,  /* numbers of two directories, compared */
    1936,  /* a file compressed while it was open, taken for another one */
    1961,  /* the position of a later file, though an older one was unread */
    2943,  /* dates in names against times of change */
    3375,  /* compressed in olddir before anything was read of it */
    4288,  /* two directories, after the clock was set back in one */
    9248,  /* an empty file that bzip2(1) compressed, read as text */
    36858, /* a copy before a log that was compressed unread */
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static uint64_t
nth_seed(uint64_t i)
{
	if (getenv("FOLLOW_SEED") != NULL)
		return number_from("FOLLOW_SEED", 1) + i;
	return i < KNOWN ? known[i] : 1 + i - KNOWN;
}

int
main(void)
{
	struct line *lines = alloc_zero(LINES_MAX, sizeof(*lines));
	uint64_t programs = number_from("FOLLOW_PROGRAMS", 300);
	uint64_t failed = 0;
	struct program p;
	struct err err;
	char *why;

	signal(SIGPIPE, SIG_IGN);
	may_mount = unshare(CLONE_NEWNS) == 0 &&
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	log_open(getenv("FOLLOW_LOG") ? getenv("FOLLOW_LOG") : "/dev/null",
		 getenv("FOLLOW_LOG") != NULL, &err);
	for (uint64_t i = 0; i < programs && failed < 5; i++) {
		p = make_program(nth_seed(i));
		why = run_program(&p, lines);
		if (why == NULL)
			continue;
		failed++;
		report(&p, why, lines);
	}
	is_int((long long)failed, 0, "%" PRIu64 " programs to seed %" PRIu64,
	       programs, nth_seed(programs - 1));
	free(lines);
	return tap_done();
}
