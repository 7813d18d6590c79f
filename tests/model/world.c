#include "tests/model/world.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/linebuf.h"
#include "tests/model/writer.h"

__attribute__((format(printf, 2, 3))) void
world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (w->why[0] == '\0')
		vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	if (w->running)
		loop_stop(w->follower.loop, 0);
}

char *
world_path(struct world *w, const char *name)
{
	static char buffers[4][512];
	static int next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/d/%s", w->top, name);
	return buffer;
}

bool
world_exists(const char *name)
{
	return access(name, F_OK) == 0;
}

/* The name the writer opens. */
const char *
world_log_name(struct world *w)
{
	static char name[64];

	if (w->program->mode != STARRED)
		return "log";
	snprintf(name, sizeof(name), "log-%d", 20260101 + w->rotations);
	return name;
}

void
world_copy_file(struct world *w, const char *from, const char *to)
{
	char buffer[65536];
	int in = open(world_path(w, from), O_RDONLY);
	int out = open(world_path(w, to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t got;

	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got)
			world_fail(w, "cannot copy to %s", to);
	writer_set_time(w, out);
	close(in);
	close(out);
}

/* A line says its number, and its bytes follow from it. */
size_t
world_make_line(uint32_t n, enum state state, char *out)
{
	uint64_t seed = n * 2654435761u + 1;
	size_t pad = state == OVERLONG ? 66000 : program_random(&seed) % 120;
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
		size_t all = world_make_line(n, w->lines[n].state, line);

		if (w->run >= w->split[i].run && len <= all &&
		    len == w->split[i].rest &&
		    memcmp(text, line + all - len, len) == 0)
			return true;
	}
	return false;
}

bool
world_take_line(void *arg, const char *text, size_t len)
{
	static char want[LINE_MAX_LEN];
	struct world *w = arg;
	struct line *line;
	unsigned int stamp, n;
	char head[64];

	if (is_rest(w, text, len) ||
	    (w->program->holes && linebuf_is_rest(text, len)))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(len < 60 ? len : 60), text);
	if (sscanf(head, "%u line %u ", &stamp, &n) != 2 || n >= w->nlines ||
	    world_make_line(n, w->lines[n].state, want) != len ||
	    memcmp(text, want, len) != 0) {
		world_fail(w, "took for a line (%zu bytes): %s", len, head);
		return false;
	}
	line = &w->lines[n];
	if (line->read && line->run == w->run && !line->again)
		world_fail(w, "line %u twice", n);
	line->run = w->run;
	if (line->state == EXPECTED && !line->read)
		w->nread++;
	line->read = true;
	return w->nread == w->nexpected;
}

void
world_excuse(struct world *w, uint32_t n)
{
	struct line *line = &w->lines[n];

	if (line->state != EXPECTED)
		return;
	line->state = EXCUSED;
	w->nexpected--;
	w->nread -= line->read;
}

void
world_excuse_unread(struct world *w, uint16_t file)
{
	for (uint32_t n = 0; n < w->nlines; n++)
		if (w->lines[n].file == file && !w->lines[n].read)
			world_excuse(w, n);
}

/* Nobody can find what is or will be written there. */
void
world_lose(struct world *w, uint16_t file)
{
	w->lost[file] = true;
	if (w->running)
		return;
	w->gone[file] = true;
	world_excuse_unread(w, file);
}

void
world_rests_may_come(struct world *w)
{
	for (int i = 0; i < w->nsplit; i++)
		w->split[i].run = 0;
}

void
world_forget_halves(struct world *w)
{
	for (int i = 0; i < w->nsplit; i++)
		if (w->split[i].run == NEVER)
			w->split[i].run = w->run + 1;
}

void
world_may_repeat(struct world *w)
{
	world_rests_may_come(w);
	for (uint32_t n = 0; n < w->nlines; n++)
		w->lines[n].again = true;
}

void
world_doubt_beginning(struct world *w)
{
	w->torn = w->torn || w->nsplit > 0 || !w->running;
}
