#include "daemon/source/source_stdin.h"

#include <errno.h>
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
	struct linebuf *lines;
	struct envelope_export *export;
	struct timer *first; /* calls idle() even if no input comes for long */
	char *buffer;
};

static bool
is_readable(void)
{
	struct pollfd poll_fd = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

static void
notify_idle(void *arg)
{
	struct input *in = arg;

	if (!is_readable())
		in->source.sink.idle(in->source.sink.arg);
}

static void
end(struct input *in, const char *why)
{
	const struct source_sink sink = in->source.sink;

	timer_disarm(in->first);
	loop_unwatch(in->source.loop, STDIN_FILENO);
	if (why != NULL)
		log_error("ended standard input: read: %s", why);
	sink.ended(sink.arg);
}

/* Standard input is shared with the process that started us, so it is not made
 * non-blocking. One read(2) each time it is readable does not block, either. */
static void
on_input(void *arg, uint32_t events)
{
	struct input *in = arg;
	ssize_t got = read(STDIN_FILENO, in->buffer, BUFFER);

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
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

	loop_unwatch(source->loop, STDIN_FILENO);
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

	(void)spec;
	(void)start;
	in->source.sink = *sink;
	in->source.loop = loop;
	in->lines = linebuf_new();
	in->export = envelope_export_new();
	linebuf_on_drop(in->lines, sink->lost, sink->arg);
	in->buffer = alloc_zero(BUFFER, 1);
	in->first = timer_new(loop, notify_idle, in);
	if (loop_watch(loop, STDIN_FILENO, POLLIN, on_input, in, err) != 0) {
		err_prefix(err, "standard input");
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
