#include "daemon/source/source_stdin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/log_once.h"
#include "daemon/source/source.h"
#include "patterns/line/envelope.h"

enum { BUFFER = 256 * 1024, RETRY_MS = 1000 };

struct input {
	struct source source;
	int fd;
	/* The path of a FIFO; NULL: standard input, which has no more of these.
	 * fd is -1 and the timer runs while the path names no FIFO. */
	char *fifo;
	int inotify, watch; /* tell when the FIFO is deleted or renamed */
	struct timer *retry;
	struct log_once problem;
	struct linebuf *lines;
	/* NULL: it was joined after its beginning. If it is an export all the
	 * same, nothing in it is believed. */
	struct envelope_export *export;
	bool torn_export;
	struct timer *first; /* calls idle() even if no input comes for long */
	char *buffer;
};

/* With a line, as far as we know. */
static void
begin_stream(struct input *in)
{
	const struct source_sink *sink = &in->source.sink;

	linebuf_free(&in->lines);
	envelope_export_free(&in->export);
	in->lines = linebuf_new();
	in->export = envelope_export_new();
	in->torn_export = false;
	linebuf_on_drop(in->lines, sink->lost, sink->arg);
}

/* A line of a stream that was joined after its beginning. In an export, a value
 * may hold what looks like a line, or like the beginning of the next entry. */
static void
on_joined_line(void *arg, const char *line, size_t len)
{
	struct input *in = arg;
	const struct source_sink *sink = &in->source.sink;

	if (!in->torn_export && envelope_export_begins(line, len)) {
		in->torn_export = true;
		log_warning("ignoring %s: the export format of journalctl "
			    "cannot be read from the middle; restart %s",
			    in->fifo ? in->fifo : "standard input",
			    in->fifo ? "what writes it" : "this daemon");
	}
	if (!in->torn_export)
		sink->line(sink->arg, line, len);
}

static void
take(struct input *in, size_t len)
{
	const struct source_sink *sink = &in->source.sink;

	if (in->export == NULL)
		linebuf_feed(in->lines, in->buffer, len, on_joined_line, in);
	else if (!envelope_export_feed(in->export, in->buffer, len, sink->line,
				       sink->arg))
		linebuf_feed(in->lines, in->buffer, len, sink->line, sink->arg);
}

static bool
is_readable(const struct input *in)
{
	struct pollfd poll_fd = {.fd = in->fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

/* To be read once, it has an end, and all before that is from the past, however
 * slowly it comes. */
static void
notify_idle(void *arg)
{
	struct input *in = arg;

	if (!in->source.once && !is_readable(in))
		in->source.sink.idle(in->source.sink.arg);
}

static void
end(struct input *in, const char *why)
{
	const struct source_sink sink = in->source.sink;

	timer_disarm(in->first);
	loop_unwatch(in->source.loop, in->fd);
	if (why != NULL)
		log_error("ended %s: read: %s",
			  in->fifo ? in->fifo : "standard input", why);
	sink.ended(sink.arg);
}

static void on_input(void *arg, uint32_t events);

static int
watch(struct input *in, struct err *err)
{
	return loop_watch(in->source.loop, in->fd, POLLIN, on_input, in, err);
}

/* NULL: opened; else why not. Any other file would be readable for ever. */
static const char *
open_fifo(struct input *in)
{
	struct stat st;

	in->fd = open(in->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (in->fd < 0 || fstat(in->fd, &st) != 0)
		return strerror(errno);
	if (!S_ISFIFO(st.st_mode))
		return "not a FIFO any more";
	if (in->watch >= 0)
		inotify_rm_watch(in->inotify, in->watch);
	in->watch =
	    inotify_add_watch(in->inotify, in->fifo, IN_ATTRIB | IN_MOVE_SELF);
	return NULL;
}

/*
 * The last writer has gone, perhaps in the middle of a line. The descriptor
 * would be readable for ever, and a new one takes its place. That is opened
 * first, so that the next writer does not find the FIFO without a reader. A
 * FIFO that was deleted or replaced is waited for.
 */
static void
await_writer(void *arg)
{
	struct input *in = arg;
	int before = in->fd;
	const char *why = open_fifo(in);
	struct err err;

	begin_stream(in);
	if (before >= 0) {
		loop_unwatch(in->source.loop, before);
		close(before);
	}
	if (why == NULL && watch(in, &err) != 0)
		why = err.text;
	if (why == NULL) {
		if (log_once_is_logged(&in->problem))
			log_info("following %s", in->fifo);
		log_once_clear(&in->problem);
		return;
	}
	log_once_warning(&in->problem, "waiting for", in->fifo, why);
	source_check_type(&in->source);
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
	timer_arm(in->retry, RETRY_MS);
}

/* Standard input is shared with the process that started us, so it is not made
 * non-blocking. One read(2) each time it is readable does not block, either. */
static void
on_input(void *arg, uint32_t events)
{
	struct input *in = arg;
	ssize_t got = read(in->fd, in->buffer, BUFFER);

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got == 0 && in->fifo != NULL) {
		await_writer(in);
		notify_idle(in);
		return;
	}
	if (got <= 0) {
		end(in, got < 0 ? strerror(errno) : NULL);
		return;
	}
	take(in, (size_t)got);
	notify_idle(in);
}

/* If a writer is left in a FIFO that has lost its name, what it writes is read
 * to the end; the path is looked at after that. */
static void
on_change(void *arg, uint32_t events)
{
	struct input *in = arg;
	char buffer[4096];

	while (read(in->inotify, buffer, sizeof(buffer)) > 0)
		continue;
	if (in->fd >= 0)
		on_input(in, events);
}

/* With too many instances of inotify(7) in use, a FIFO that is deleted is not
 * noticed. */
static int
open_first(struct input *in, const char *spec, struct err *err)
{
	const char *why;

	in->fifo = alloc_string(spec);
	in->source.reads_fifo = true;
	in->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in->inotify >= 0 && loop_watch(in->source.loop, in->inotify, POLLIN,
					   on_change, in, err) != 0)
		return -1;
	why = open_fifo(in);
	return why == NULL ? 0 : err_set(err, "%s", why);
}

/* Whether what comes first begins a line. A FIFO that nobody has open for
 * writing, and that is empty, has read(2) return 0; only then it is known. */
static bool
begins_a_line(struct input *in, bool again)
{
	char byte;

	if (in->fifo == NULL)
		return !again;
	return !is_readable(in) && read(in->fd, &byte, 1) == 0;
}

/* A stranger may have written what comes next. */
static void
doubt_beginning(struct input *in)
{
	log_info("skipping the first line of %s: it may be the rest of one",
		 in->fifo ? in->fifo : "standard input");
	linebuf_skip(in->lines);
	envelope_export_free(&in->export);
}

static void
close_input(struct source *source)
{
	struct input *in = (struct input *)source;

	if (in->fd >= 0)
		loop_unwatch(source->loop, in->fd);
	if (in->fifo != NULL && in->fd >= 0)
		close(in->fd);
	if (in->inotify >= 0) {
		loop_unwatch(source->loop, in->inotify);
		close(in->inotify);
	}
	timer_free(&in->retry);
	log_once_clear(&in->problem);
	free(in->fifo);
	timer_free(&in->first);
	linebuf_free(&in->lines);
	envelope_export_free(&in->export);
	free(in->buffer);
	free(in);
}

static struct source *
open_input(const char *spec, struct loop *loop,
	   const struct source_start *start, const struct source_sink *sink,
	   struct err *err)
{
	struct input *in = alloc_zero(1, sizeof(*in));

	in->inotify = in->watch = -1;
	in->source.once = start->once;
	in->source.sink = *sink;
	in->source.loop = loop;
	begin_stream(in);
	in->buffer = alloc_zero(BUFFER, 1);
	in->first = timer_new(loop, notify_idle, in);
	in->retry = timer_new(loop, await_writer, in);
	if ((strcmp(spec, "-") != 0 && open_first(in, spec, err) != 0) ||
	    watch(in, err) != 0) {
		err_prefix(err, "%s", in->fifo ? spec : "standard input");
		close_input(&in->source);
		return NULL;
	}
	if (!begins_a_line(in, start->again))
		doubt_beginning(in);
	timer_arm(in->first, 0);
	return &in->source;
}

const struct source_ops source_stdin = {
    .type = "stdin",
    .open = open_input,
    .close = close_input,
};
