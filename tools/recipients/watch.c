#include "tools/recipients/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "tools/recipients/run.h"
#include "tools/recipients/settings.h"
#include "tools/recipients/summary.h"
#include "tools/verb.h"

/* After a failure that may pass, such as a full disk. */
enum { RETRY_MS = 60000 };

struct watch {
	const struct recipients_settings *settings;
	char *directory;
	const char *name; /* of the file in it */
	int inotify;
	struct loop *loop;
	struct timer *timer;
	struct stat seen; /* when the timer was armed; st_ino 0: no file */
	char *reported;	  /* by the last run, so as not to repeat it; or NULL */
};

static void
look(const struct watch *watch, struct stat *st)
{
	if (stat(watch->settings->file, st) < 0)
		*st = (struct stat){0};
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void
settle(struct watch *watch)
{
	look(watch, &watch->seen);
	if (watch->seen.st_ino != 0)
		timer_arm(watch->timer, watch->settings->settle * 1000LL);
}

/* What is wrong with the list is reported once, and again only after a list
 * that was in order. */
static void
report(struct watch *watch, const struct run *run)
{
	bool again = watch->reported != NULL && run->report_len > 0 &&
		     strcmp(watch->reported, run->report) == 0;

	if (!again) {
		fputs(run->report, stderr);
		summary_print(run);
		fflush(stdout);
	}
	free(watch->reported);
	watch->reported = alloc_string(run->report);
}

/* asked: by the administrator, who wants to know that there is no list. */
static void
read_now(struct watch *watch, bool asked)
{
	struct run run;

	timer_disarm(watch->timer);
	run_make(&run, watch->settings);
	if (run.try_again) {
		settle(watch);
	} else if (run.status != EX_NOINPUT || watch->seen.st_ino != 0 ||
		   asked) {
		report(watch, &run);
		if (run.status > 1 && watch->seen.st_ino != 0)
			timer_arm(watch->timer, RETRY_MS);
	}
	run_clear(&run);
}

/* ---- events ---- */

static void
on_timer(void *arg)
{
	struct watch *watch = arg;
	struct stat now;

	look(watch, &now);
	if (same(&now, &watch->seen))
		read_now(watch, false);
	else
		settle(watch);
}

static void
on_inotify(void *arg, uint32_t events)
{
	struct watch *watch = arg;
	alignas(struct inotify_event) char bytes[4096];
	const struct inotify_event *event;
	ssize_t len;

	(void)events;
	while ((len = read(watch->inotify, bytes, sizeof(bytes))) > 0)
		for (const char *at = bytes; at < bytes + len;
		     at += sizeof(*event) + event->len) {
			event = (const void *)at;
			if (event->mask & (IN_IGNORED | IN_MOVE_SELF)) {
				verb_error(watch->settings->verb,
					   "%s is no longer there",
					   watch->directory);
				loop_stop(watch->loop, EX_NOINPUT);
			} else if (event->mask & IN_Q_OVERFLOW ||
				   (event->len > 0 &&
				    strcmp(event->name, watch->name) == 0)) {
				settle(watch);
			}
		}
}

static void
on_hangup(void *arg, int signo)
{
	struct watch *watch = arg;

	(void)signo;
	look(watch, &watch->seen);
	free(watch->reported);
	watch->reported = NULL;
	read_now(watch, true);
}

static void
on_stop(void *arg, int signo)
{
	struct watch *watch = arg;

	(void)signo;
	loop_stop(watch->loop, 0);
}

/* ---- begin and end ---- */

static int
watch_directory(struct watch *watch, struct err *err)
{
	const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVE_SELF |
			      IN_DELETE_SELF | IN_ONLYDIR;

	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify < 0) {
		err_set(err, "inotify: %s", strerror(errno));
		return EX_OSERR;
	}
	if (inotify_add_watch(watch->inotify, watch->directory, mask) >= 0)
		return 0;
	err_set(err, "%s: %s", watch->directory, strerror(errno));
	return errno == ENOSPC ? EX_OSERR : EX_NOINPUT;
}

static int
begin(struct watch *watch, struct err *err)
{
	int status;

	watch->loop = loop_new(err);
	if (watch->loop == NULL)
		return EX_OSERR;
	watch->timer = timer_new(watch->loop, on_timer, watch);
	status = watch_directory(watch, err);
	if (status != 0)
		return status;
	if (loop_watch(watch->loop, watch->inotify, POLLIN, on_inotify, watch,
		       err) < 0 ||
	    loop_signal(watch->loop, SIGHUP, on_hangup, watch, err) < 0 ||
	    loop_signal(watch->loop, SIGTERM, on_stop, watch, err) < 0 ||
	    loop_signal(watch->loop, SIGINT, on_stop, watch, err) < 0)
		return EX_OSERR;
	settle(watch);
	return 0;
}

static void
end(struct watch *watch)
{
	if (watch->inotify >= 0)
		close(watch->inotify);
	timer_free(&watch->timer);
	loop_free(&watch->loop);
	free(watch->directory);
	free(watch->reported);
}

int
watch_list(const struct recipients_settings *settings)
{
	const char *slash = strrchr(settings->file, '/');
	struct watch watch = {.settings = settings, .inotify = -1};
	struct err err;
	int status;

	watch.name = slash != NULL ? slash + 1 : settings->file;
	watch.directory =
	    slash == NULL ? alloc_string(".")
	    : slash == settings->file
		? alloc_string("/")
		: alloc_bytes(settings->file, (size_t)(slash - settings->file));
	status = begin(&watch, &err);
	if (status == 0) {
		status = loop_run(watch.loop, &err);
		if (status < 0)
			status = EX_OSERR;
		else
			err.text[0] = '\0';
	}
	if (status != 0 && err.text[0] != '\0')
		verb_error(settings->verb, "%s", err.text);
	end(&watch);
	return status;
}
