/*
 * Random programs of what can happen to a log, run against a model that knows
 * which lines must have been read in the end: no line may be lost, and no text
 * that is not a line may be taken for one.
 *
 * FOLLOW_PROGRAMS=N runs N programs, FOLLOW_SEED=S begins with that seed
 * instead of those that found faults before. A failing program is made as short
 * as it goes and printed.
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tests/model/accident.h"
#include "tests/model/logrotate.h"
#include "tests/model/place.h"
#include "tests/model/program.h"
#include "tests/model/reader.h"
#include "tests/model/world.h"
#include "tests/model/writer.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

static void
do_step(struct world *w, enum op op, uint32_t arg)
{
	switch (op) {
	case APPEND:
		writer_append(w, arg % 5 + 1, EXPECTED);
		break;
	case FLOOD:
		writer_append(w, arg % 3000, EXPECTED);
		break;
	case HALF:
		writer_half(w, arg);
		break;
	case FINISH:
		writer_finish(w);
		break;
	case LATE: /* a start may know no time of what was rotated then */
		if (!w->made)
			writer_append(w, 1, OVERLONG);
		break;
	case REOPEN:
		writer_leave(w);
		writer_open(w);
		break;
	case ROTATE:
		logrotate_rotate(w, false);
		break;
	case ROTATE_CREATE:
		logrotate_create(w, arg);
		break;
	case ROTATE_EARLY:
		if (w->program->mode == STARRED)
			logrotate_rotate(w, false);
		else
			logrotate_rotate_early(w, arg);
		break;
	case OLDDIR:
		logrotate_olddir(w);
		break;
	case COMPRESS:
		logrotate_compress(w, arg);
		break;
	case COPYTRUNCATE:
	case COPY_LOSING:
		logrotate_copytruncate(w, op == COPY_LOSING);
		break;
	case COPY_MEETING:
		logrotate_copy_meeting(w, arg);
		break;
	case COPY_OFTEN:
		logrotate_copy_often(w, arg);
		break;
	case TRUNCATE:
		accident_truncate(w, arg);
		break;
	case DELETE:
		accident_delete(w);
		break;
	case DROP:
		accident_drop(w);
		break;
	case TOUCH:
		accident_touch(w, arg);
		break;
	case SWITCH:
		place_switch(w, arg);
		break;
	case COME_BACK:
		place_come_back(w);
		break;
	case REPLACE:
		place_replace(w);
		break;
	case MOVE:
		place_move(w);
		if (arg % 2)
			reader_miss(w, arg);
		break;
	case MOUNT:
		place_mount(w);
		break;
	case UNMOUNT:
		place_unmount(w);
		break;
	case CLOCK:
		accident_set_clock(w, ((int)(arg % 7) - 3) * 3600);
		break;
	case COPY_MOUNT:
		place_mount_copy(w);
		break;
	case COPY_BACK:
		place_copy_back(w, arg % 2);
		break;
	case RUN:
		if (arg % 4 == 0)
			reader_sync(w);
		reader_settle(w);
		break;
	case STOP:
	case KILL:
	case FORGET:
		reader_stop(w, op);
		break;
	case START:
		reader_start(w);
		break;
	case MISS:
		reader_miss(w, arg);
		break;
	case QUIET:
		reader_quiet(w);
		break;
	case CRASH:
		writer_crash(w);
		break;
	case REMAKE:
		accident_remake(w, arg);
		break;
	case OVERFLOW:
		if (w->running)
			accident_overflow(w);
		break;
	case OPS:
		break;
	}
}

/* ---- running ---- */

/* What all programs have in common. */
struct model {
	struct line *lines;
	bool may_mount;
};

/* NULL: as the model says; else what is wrong. */
static char *
run_program(const struct program *p, const struct model *model)
{
	static struct world world;
	struct world *w = &world;
	struct err err;

	memset(w, 0, sizeof(*w));
	w->program = p;
	w->lines = model->lines;
	w->may_mount = model->may_mount;
	w->fd = w->below = -1;
	w->top = follower_directory();
	mkdir(world_path(w, ""), 0700);
	mkdir(world_path(w, "old"), 0700);
	if (p->mode == PIPE)
		mkfifo(world_path(w, "log"), 0600);
	snprintf(w->spec, sizeof(w->spec), "%s/d/log%s", w->top,
		 p->mode == STARRED ? "-*" : "");
	if (p->mode == LINKED)
		place_switch(w, 1);
	w->follower.loop = loop_new(&err);
	w->follower.line = world_take_line;
	w->follower.arg = w;
	reader_start(w);
	for (size_t i = 0; i < p->len && w->why[0] == '\0'; i++)
		do_step(w, p->steps[i].op, p->steps[i].arg);
	if (w->why[0] == '\0')
		reader_start(w);
	reader_sync(w);
	reader_settle(w);
	source_close(&w->follower.source);
	if (p->mode == PIPE)
		reader_once(w);
	loop_free(&w->follower.loop);
	if (w->fd >= 0)
		close(w->fd);
	follower_free_positions(&w->positions, &w->npositions);
	if (w->below >= 0)
		close(w->below);
	if (w->mounted)
		umount2(world_path(w, ""), MNT_DETACH);
	follower_remove_all(w->top);
	free(w->top);
	return w->why[0] ? strdup(w->why) : NULL;
}

/* Leaves out steps, most at a time first, as long as it still fails. */
static void
shrink(struct program *p, const struct model *model)
{
	for (size_t cut = p->len / 2; cut > 0; cut /= 2) {
		for (size_t at = 0; at + cut <= p->len;) {
			struct program less = *p;
			char *why;

			memmove(&less.steps[at], &less.steps[at + cut],
				(less.len - at - cut) * sizeof(less.steps[0]));
			less.len -= cut;
			why = run_program(&less, model);
			if (why != NULL)
				*p = less;
			else
				at += cut;
			free(why);
		}
	}
}

static void
report(struct program *p, char *why, const struct model *model)
{
	char *shorter;

	printf("# seed %" PRIu64 ": %s\n", p->seed, why);
	fflush(stdout);
	shrink(p, model);
	shorter = run_program(p, model);
	program_print(p);
	printf("# %s\n", shorter ? shorter : "fails only sometimes");
	free(shorter);
	free(why);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Each of these programs finds a fault that daemon/source has had, if it is put
 * back. They depend on the weights: if those change, look for others. */
static const uint64_t known[] = {
    40002,  /* a compressed file taken for another one */
    40008,  /* a FIFO that is waited for */
    40012,  /* a log that was quiet before its rotation, closed at once */
    40013,  /* the files of two directories in the order of wrong times */
    40014,  /* a torn line that goes on in any file; a copy, read again */
    40023,  /* a younger file, read before what was emptied */
    40028,  /* half a line of a FIFO's writer that has gone */
    40030,  /* the place of a file that is back: none, or within a line */
    40034,  /* dates across compressors; a copy known after another file */
    40037,  /* dates in names against times of change */
    40044,  /* copytruncate of which nothing had been read */
    40054,  /* a truncated log that was compressed */
    40113,  /* a log with a date, closed for a file that was touched */
    40143,  /* the directory beside, where the log was moved to */
    40144,  /* a copy in the place of the log that has its time */
    40200,  /* a file that is back for the second time, read again */
    50046,  /* half a line alone in a rotated file */
    50094,  /* names believed while a rotation goes on */
    50150,  /* a copy in the place of the log, not opened */
    50168,  /* an older file that tells what is unread */
    50213,  /* times of two directories that differ by less than a second */
    50289,  /* what bzip2 makes of an empty file, read as text */
    60697,  /* the position of a later file, though an older one was unread */
    92256,  /* a copy that is renamed between its listing and its opening */
    189070, /* the torn end of a file that is not the copy, joined */
    241735, /* the same, where the file after the copy was read already */
    326785, /* a new file, older than the deleted one as the clock says */
    438704, /* the torn first line of a copy, forgotten */
    439076, /* a deleted log with '*', closed at once */
    700496, /* the rest of a line, after a link had come back to its file */
    731349, /* half a line in a copy that begins like what was read */
    731456, /* a torn file that is back, of which the next was told */
    759991, /* a compressed file that ends within a line, not begun in */
    777978, /* half a line before a rotation, and after a mount has gone */
    779856, /* where an open file was left when it was closed before */
    783711, /* a whole line at an offset, skipped for one that was torn */
    783921, /* an old file that is compressed, opened after a later one */
    792168, /* an unfinished line, called torn when another file was closed */
    830634, /* a file with an older date, taken for the next one */
    870443, /* the next but one of a rotation, doubted for a minute */
    922644, /* the rest of a line of a file that is too old to be read */
    932596, /* a copy, older than an empty log that was moved before it */
    944656, /* the rest of a line, in the file before a compressed one */
    945256, /* an old torn file, before one of its device that is not */
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
	struct model model = {.lines =
				  alloc_zero(LINES_MAX, sizeof(*model.lines))};
	uint64_t programs = number_from("FOLLOW_PROGRAMS", 300);
	uint64_t failed = 0;
	struct program p;
	struct err err;
	char *why;

	signal(SIGPIPE, SIG_IGN);
	model.may_mount =
	    unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	log_open(getenv("FOLLOW_LOG") ? getenv("FOLLOW_LOG") : "/dev/null",
		 getenv("FOLLOW_LOG") != NULL, &err);
	for (uint64_t i = 0;
	     i < programs && failed < number_from("FOLLOW_FAILURES", 5); i++) {
		p = program_make(nth_seed(i));
		why = run_program(&p, &model);
		if (why == NULL)
			continue;
		failed++;
		report(&p, why, &model);
	}
	is_int((long long)failed, 0, "%" PRIu64 " programs to seed %" PRIu64,
	       programs, nth_seed(programs - 1));
	free(model.lines);
	return tap_done();
}
