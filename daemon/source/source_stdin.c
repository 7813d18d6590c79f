#include "daemon/source/source_stdin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/source.h"
#include "patterns/line/envelope.h"

enum { BUFFER = 256 * 1024 };

struct input {
	struct source source;
	int fd;
	char *fifo; /* its path; NULL: standard input */
	struct linebuf *lines;
	struct envelope_export *export;
	struct timer *first; /* calls idle() even if no input comes for long */
	char *buffer;
};

static bool
is_readable(const struct input *in)
{
	struct pollfd poll_fd = {.fd = in->fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

static void
notify_idle(void *arg)
{
	struct input *in = arg;

	if (!is_readable(in))
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
	if (in->fd < 0)
		return err_set(err, "%s", strerror(errno));
	return loop_watch(in->source.loop, in->fd, POLLIN, on_input, in, err);
}

/*
 * The last writer has gone, perhaps in the middle of a line. The descriptor
 * would be readable for ever, and a new one takes its place. That is opened
 * first, so that the next writer does not find the FIFO without a reader.
 */
static void
await_writer(struct input *in)
{
	int fd = open(in->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct err err;

	linebuf_reset(in->lines);
	if (fd < 0) {
		end(in, strerror(errno));
		return;
	}
	loop_unwatch(in->source.loop, in->fd);
	close(in->fd);
	in->fd = fd;
	if (watch(in, &err) != 0)
		end(in, err.text);
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
		return;
	}
	if (got <= 0) {
		end(in, got < 0 ? strerror(errno) : NULL);
		return;
	}
	if (!envelope_export_feed(in->export, in->buffer, (size_t)got,
				  in->source.sink.line, in->source.sink.arg))
		linebuf_feed(in->lines, in->buffer, (size_t)got,
			     in->source.sink.line, in->source.sink.arg);
	notify_idle(in);
}

static void
close_input(struct source *source)
{
	struct input *in = (struct input *)source;

	loop_unwatch(source->loop, in->fd);
	if (in->fifo != NULL && in->fd >= 0)
		close(in->fd);
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

	in->source.once = start->once;
	if (strcmp(spec, "-") != 0) {
		in->fifo = alloc_string(spec);
		in->fd = open(spec, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	in->source.sink = *sink;
	in->source.loop = loop;
	in->lines = linebuf_new();
	in->export = envelope_export_new();
	linebuf_on_drop(in->lines, sink->lost, sink->arg);
	in->buffer = alloc_zero(BUFFER, 1);
	in->first = timer_new(loop, notify_idle, in);
	if (watch(in, err) != 0) {
		err_prefix(err, "%s", in->fifo ? spec : "standard input");
		close_input(&in->source);
		return NULL;
	}
	timer_arm(in->first, 0);
	return &in->source;
}

const struct source_ops source_stdin = {
    .type = "stdin",
    .open = open_input,
    .close = close_input,
};
