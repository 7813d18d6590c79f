#include "daemon/source/source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/linebuf.h"

void
source_caught_up(struct source *source, bool news)
{
	const struct source_sink sink = source->sink;
	bool once = source->once;

	if (news || !source->idle_called) {
		source->idle_called = true;
		sink.idle(sink.arg);
	}
	if (once)
		sink.ended(sink.arg);
}

static void
deliver_each(const struct source_sink *sink, const char *lines, size_t len)
{
	const char *end = lines + len, *line;

	while (linebuf_next(&lines, end, &line, &len) > 0)
		sink->line(sink->arg, line, len);
}

void
source_deliver(const struct source_sink *sink, const char *lines, size_t len)
{
	if (sink->lines == NULL)
		deliver_each(sink, lines, len);
	else if (len > 0)
		sink->lines(sink->arg, lines, len);
	source_settle(sink);
}

void
source_settle(const struct source_sink *sink)
{
	if (sink->settle != NULL)
		sink->settle(sink->arg);
}

bool
source_read(const struct source_sink *sink, const struct readahead *ahead,
	    const char **bytes)
{
	return sink->read != NULL && sink->read(sink->arg, ahead, bytes);
}

void
source_read_end(const struct source_sink *sink)
{
	if (sink->read_end != NULL)
		sink->read_end(sink->arg);
}

int
source_position(struct source *source, size_t i, struct logpos *pos)
{
	*pos = (struct logpos){0};
	if (source->ops->position == NULL)
		return -1;
	return source->ops->position(source, i, pos);
}

int
source_lag(const struct source *source, uint64_t *bytes)
{
	if (source->ops->lag == NULL)
		return -1;
	*bytes = source->ops->lag(source);
	return 0;
}

void
source_close(struct source **source)
{
	if (*source == NULL)
		return;
	free((*source)->spec);
	(*source)->ops->close(*source);
	*source = NULL;
}

void
logpos_clear(struct logpos *pos)
{
	free(pos->path);
	free(pos->cursor);
	*pos = (struct logpos){0};
}

struct source_start
source_start_copy(const struct source_start *start)
{
	struct source_start copy = *start;
	struct logpos *pos = alloc_zero(start->npos + 1, sizeof(*pos));

	for (size_t i = 0; i < start->npos; i++) {
		pos[i] = start->pos[i];
		pos[i].path = alloc_string(pos[i].path);
		if (pos[i].cursor != NULL)
			pos[i].cursor = alloc_string(pos[i].cursor);
	}
	copy.pos = pos;
	return copy;
}

void
source_start_clear(struct source_start *start)
{
	struct logpos *pos = (struct logpos *)(uintptr_t)start->pos;

	for (size_t i = 0; i < start->npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
	*start = (struct source_start){0};
}

bool
source_is_fifo(const char *spec)
{
	struct stat st;

	return stat(spec, &st) == 0 && S_ISFIFO(st.st_mode);
}

void
source_check_type(const struct source *source)
{
	const struct source_sink *sink = &source->sink;
	struct stat st;

	if (sink->shut_out != NULL && stat(source->spec, &st) == 0 &&
	    (source->reads_fifo ? S_ISREG(st.st_mode) : S_ISFIFO(st.st_mode)) &&
	    access(source->spec, R_OK) == 0)
		sink->shut_out(sink->arg, "another type of file now");
}
