#include "daemon/source/source_file.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/follow.h"
#include "daemon/source/generations.h"
#include "daemon/source/mounts.h"
#include "daemon/source/pathwalk.h"
#include "daemon/source/rotation.h"
#include "daemon/source/source.h"

/* After so many bytes the loop handles signals, expiry and publishing. */
enum { ROUND = 8 * 1024 * 1024, POLL_MS = 1000 };
/* So many files stay watched after they were closed: those that are known. */
enum { LEFT_MAX = GENERATIONS_DONE_MAX };

/*
 * What to watch in a directory that leads to the log: that it is moved or
 * removed, and the permissions of what is in it. Where the next component of
 * the path can appear and disappear by itself, all changes of names, too.
 */
static const uint32_t DIRECTORY_EVENTS =
    IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
static const uint32_t NAME_EVENTS =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

struct watch {
	int wd;
	bool file;   /* else a directory */
	bool wanted; /* for mark and sweep */
	/* A file that matches a pattern, and was closed as that many before: it
	 * may be written to again, and then is looked for. 0: it is open. */
	uint64_t left;
	bool written;
	uint32_t mask;
	char *name; /* the next component of the path; NULL: any */
};

struct logfile {
	struct source source;
	struct follow *follow;
	struct timer *again; /* goes on reading in the next round */
	struct timer *tend;  /* calls follow_tend() */
	struct timer *poll;  /* on file systems without events */
	int inotify;	     /* -1: not available */
	struct watch *watches;
	size_t nwatches;
	uint64_t left;	  /* files that were closed */
	uint64_t watched; /* follow_changes() when the files were watched */
	bool look;	  /* names may have changed: call look() */
	const char *poll_reason; /* why events are not enough; or NULL */
	bool poll_logged;
	struct mounts *mounts;
	size_t denied; /* links at the start, by the sandbox */
};

/* ---- watches ---- */

static void
need_poll(struct logfile *log, const char *why)
{
	if (log->poll_reason == NULL)
		log->poll_reason = why;
}

static struct watch *
find_watch(struct logfile *log, int wd)
{
	for (size_t i = 0; i < log->nwatches; i++)
		if (log->watches[i].wd == wd)
			return &log->watches[i];
	return NULL;
}

static void
forget_watch(struct logfile *log, struct watch *watch)
{
	free(watch->name);
	*watch = log->watches[--log->nwatches];
}

/* Whether a name may be the one that is waited for, which may have a '*'. */
static bool
covers(const char *awaited, const char *name)
{
	return strchr(awaited, '*') != NULL
		   ? fnmatch(awaited, name, FNM_PERIOD) == 0
		   : strcmp(awaited, name) == 0;
}

/* Watches a path; if it is watched already, adds to that. -1: see errno. */
static int
watch(struct logfile *log, const char *path, uint32_t mask, const char *name)
{
	struct watch *known;
	int wd = inotify_add_watch(log->inotify, path, mask);

	if (wd < 0)
		return -1;
	known = find_watch(log, wd);
	if (known == NULL) {
		log->watches = alloc_resize(log->watches, log->nwatches + 1,
					    sizeof(*log->watches));
		known = &log->watches[log->nwatches++];
		*known = (struct watch){.wd = wd};
	} else if (known->wanted && (known->mask | mask) != mask) {
		mask |= known->mask;
		inotify_add_watch(log->inotify, path, mask);
	}
	if (!known->wanted || known->name == NULL || name == NULL ||
	    !covers(known->name, name)) {
		bool first = !known->wanted;

		free(known->name);
		known->name = first && name ? alloc_string(name) : NULL;
	}
	known->file = mask == IN_MODIFY;
	known->mask = mask;
	known->wanted = true;
	known->left = 0;
	known->written = false;
	return 0;
}

static void
clear_wanted(struct logfile *log, bool files)
{
	for (size_t i = 0; i < log->nwatches; i++)
		if (log->watches[i].file == files)
			log->watches[i].wanted = false;
}

static void
end_watch(struct logfile *log, struct watch *watch)
{
	inotify_rm_watch(log->inotify, watch->wd);
	forget_watch(log, watch);
}

/* If it was written to and yet is not open, it is not a part of this log. */
static bool
is_left(struct logfile *log, struct watch *w)
{
	if (!w->file || w->written || !rotation_is_pattern(log->source.spec))
		return false;
	if (w->left == 0)
		w->left = ++log->left;
	return true;
}

/* If too many are watched, the one that was left first; else NULL. */
static struct watch *
first_left(struct logfile *log)
{
	struct watch *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < log->nwatches; i++) {
		struct watch *w = &log->watches[i];

		if (w->left == 0)
			continue;
		count++;
		if (first == NULL || w->left < first->left)
			first = w;
	}
	return count > LEFT_MAX ? first : NULL;
}

static void
sweep(struct logfile *log, bool files)
{
	struct watch *first;

	for (size_t i = 0; i < log->nwatches;) {
		struct watch *w = &log->watches[i];

		if (w->file != files || w->wanted || is_left(log, w))
			i++;
		else
			end_watch(log, w);
	}
	while ((first = first_left(log)) != NULL)
		end_watch(log, first);
}

/* ---- directories ---- */

static void
watch_step(void *arg, const struct pathwalk_step *step)
{
	struct logfile *log = arg;
	uint32_t mask = DIRECTORY_EVENTS | (step->names ? NAME_EVENTS : 0);

	if (watch(log, step->directory, mask | IN_ONLYDIR, step->next) == 0)
		return;
	/* If the directory cannot even be entered, the one above it will have
	 * an event when that changes. */
	if (errno == ENOENT || errno == ENOTDIR ||
	    (errno == EACCES && !step->enterable))
		return;
	need_poll(log, errno == ENOSPC ? "no inotify watches left"
				       : "its directory cannot be watched");
}

static void
watch_link(void *arg, const char *path)
{
	pathwalk(path, watch_step, arg);
}

/* Repeats the walk until it adds no watch, so that no directory can have been
 * replaced before it was watched. With '*', the file that a link leads to may
 * be rotated in a directory of its own, while the link stays as it is. */
static void
watch_path(struct logfile *log)
{
	size_t before;

	clear_wanted(log, false);
	do {
		before = log->nwatches;
		pathwalk(log->source.spec, watch_step, log);
		if (rotation_is_pattern(log->source.spec))
			pathwalk_links(log->source.spec, watch_link, log);
	} while (log->nwatches > before);
	sweep(log, false);
}

/* By its descriptor, since its name may belong to another file by now. */
static void
watch_file(struct logfile *log, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (watch(log, path, IN_MODIFY, NULL) != 0)
		need_poll(log, errno == ENOSPC ? "no inotify watches left"
					       : "it cannot be watched");
}

/* ---- polling ---- */

static void
check_events(struct logfile *log, int fd)
{
	const char *why = mounts_without_events(fd);

	if (why != NULL)
		need_poll(log, why);
}

/* True if there are files that were not watched before. */
static bool
watch_files(struct logfile *log)
{
	size_t before = log->nwatches;

	if (log->watched == follow_changes(log->follow))
		return false;
	log->watched = follow_changes(log->follow);
	clear_wanted(log, true);
	for (size_t i = 0; i < follow_count(log->follow); i++) {
		int fd = follow_fd(log->follow, i);

		if (fd < 0)
			continue;
		if (log->inotify >= 0)
			watch_file(log, fd);
		check_events(log, fd);
	}
	before = log->nwatches - before;
	if (log->inotify >= 0)
		sweep(log, true);
	return before > 0;
}

static void
arm_poll(struct logfile *log)
{
	if (log->source.once || log->poll_reason == NULL) {
		log->poll_logged = false;
		return;
	}
	if (!log->poll_logged)
		log_warning("looking at %s every second: %s", log->source.spec,
			    log->poll_reason);
	log->poll_logged = true;
	timer_arm(log->poll, POLL_MS);
}

/* ---- rounds ---- */

static int64_t
now(const struct logfile *log)
{
	return loop_clocks(log->source.loop).steady_ms;
}

/* Asks for a new sandbox if it denies more links than at the start, where that
 * did not help. */
static void
check_links(struct logfile *log)
{
	const struct source_sink *sink = &log->source.sink;

	if (rotation_is_pattern(log->source.spec) && sink->shut_out != NULL &&
	    pathwalk_denied_links(log->source.spec) > log->denied)
		sink->shut_out(sink->arg, "in a new directory");
}

static void
look(struct logfile *log)
{
	log->look = false;
	log->poll_reason = log->inotify < 0 ? "no inotify" : NULL;
	log->watched = UINT64_MAX;
	if (log->inotify >= 0) {
		/* Now, since a new file may soon be gone; and again after
		 * the watches are set, to miss nothing. */
		follow_look(log->follow, now(log));
		watch_path(log);
	}
	follow_look(log->follow, now(log));
	check_links(log);
	source_check_type(&log->source);
}

static void
tend(struct logfile *log)
{
	int64_t next = follow_tend(log->follow, now(log));

	if (next < 0)
		timer_disarm(log->tend);
	else
		timer_arm(log->tend, next);
}

/* Looks for files, watches them, and only then reads, so that all that is
 * written later causes an event. */
static void
run_round(void *arg)
{
	struct logfile *log = arg;
	uint64_t before = follow_bytes(log->follow);
	bool more;

	if (log->look && !log->source.once)
		look(log);
	if (!log->source.once)
		watch_files(log);
	more = follow_read(log->follow, ROUND, now(log));
	if (!log->source.once) {
		tend(log);
		more = watch_files(log) || more;
		arm_poll(log);
	}
	if (more)
		timer_arm(log->again, 0);
	else
		source_caught_up(&log->source,
				 follow_bytes(log->follow) != before);
}

static void
on_poll(void *arg)
{
	struct logfile *log = arg;

	log->look = true;
	run_round(log);
}

/* ---- mounts ---- */

static void
on_mount(void *arg)
{
	struct logfile *log = arg;
	const struct source_sink *sink = &log->source.sink;

	log->look = true;
	if (sink->shut_out != NULL && mounts_shut_out(log->mounts))
		sink->shut_out(sink->arg, "in a new directory");
	run_round(log);
}

/* ---- events ---- */

static bool
is_relevant(const struct watch *watch, const struct inotify_event *event)
{
	if (watch->file || watch->name == NULL || event->len == 0)
		return true;
	return covers(watch->name, event->name);
}

/* True if there may be news. An event only says what to look at. */
static bool
take_event(struct logfile *log, const struct inotify_event *event)
{
	struct watch *watch;

	if (event->mask & IN_Q_OVERFLOW) {
		log_warning("overflowed: inotify events of %s; looking at all "
			    "its files",
			    log->source.spec);
		return log->look = true;
	}
	watch = find_watch(log, event->wd);
	if (watch == NULL)
		return false;
	if (event->mask & IN_IGNORED) {
		forget_watch(log, watch);
		return log->look = true;
	}
	if (!is_relevant(watch, event))
		return false;
	watch->written = watch->left > 0;
	if (!watch->file || watch->written)
		log->look = true;
	return true;
}

static void
on_events(void *arg, uint32_t events)
{
	struct logfile *log = arg;
	_Alignas(struct inotify_event) char buffer[16 * 1024];
	ssize_t got = read(log->inotify, buffer, sizeof(buffer));
	bool news = false;

	(void)events;
	for (ssize_t at = 0; at < got;) {
		const struct inotify_event *event =
		    (const struct inotify_event *)(buffer + at);

		news = take_event(log, event) || news;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (news)
		run_round(log);
}

/* ---- life ---- */

static void
close_log(struct source *source)
{
	struct logfile *log = (struct logfile *)source;

	if (log->inotify >= 0) {
		loop_unwatch(source->loop, log->inotify);
		close(log->inotify);
	}
	while (log->nwatches > 0)
		forget_watch(log, log->watches);
	free(log->watches);
	mounts_free(&log->mounts);
	timer_free(&log->again);
	timer_free(&log->tend);
	timer_free(&log->poll);
	follow_free(&log->follow);
	free(log);
}

static int
open_inotify(struct logfile *log, struct err *err)
{
	log->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (log->inotify < 0)
		return 0; /* too many instances: poll instead */
	return loop_watch(log->source.loop, log->inotify, POLLIN, on_events,
			  log, err);
}

static struct source *
open_log(const char *spec, struct loop *loop, const struct source_start *start,
	 const struct source_sink *sink, struct err *err)
{
	struct logfile *log = alloc_zero(1, sizeof(*log));

	log->source.loop = loop;
	log->source.sink = *sink;
	log->source.once = start->once;
	log->look = true;
	log->inotify = -1;
	log->again = timer_new(loop, run_round, log);
	log->tend = timer_new(loop, run_round, log);
	log->poll = timer_new(loop, on_poll, log);
	log->follow = follow_new(spec, sink);
	if (!log->source.once)
		log->mounts = mounts_new(loop, spec, on_mount, log);
	if (rotation_is_pattern(spec))
		log->denied = pathwalk_denied_links(spec);
	if ((!log->source.once && open_inotify(log, err) != 0) ||
	    follow_start(log->follow, start, now(log), err) != 0) {
		close_log(&log->source);
		return NULL;
	}
	timer_arm(log->again, 0);
	return &log->source;
}

static int
position(struct source *source, size_t i, struct logpos *pos)
{
	return follow_position(((struct logfile *)source)->follow, i, pos);
}

static uint64_t
lag(const struct source *source)
{
	return follow_lag(((const struct logfile *)source)->follow);
}

const struct source_ops source_file = {
    .type = "file",
    .open = open_log,
    .position = position,
    .lag = lag,
    .close = close_log,
};
