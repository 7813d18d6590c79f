#include "patterns/check/worst_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"

enum { PIECE_MAX = 16 };

struct stretching {
	const char *line;
	size_t len, begin, end;
	worst_case_fn *fn;
	void *arg;
	char *bytes; /* room for a line */
};

static bool
fill(const struct stretching *s, const char *piece, size_t piece_len)
{
	size_t rest = s->len - s->end, len = s->begin;

	while (len + piece_len + rest <= LINEBUF_LINE_MAX) {
		memcpy(s->bytes + len, piece, piece_len);
		len += piece_len;
	}
	memcpy(s->bytes + len, s->line + s->end, rest);
	return s->fn(s->arg, s->bytes, len + rest);
}

static bool
fill_with_each(const struct stretching *s)
{
	static const char others[] = "aA0 \t.,:;<>[](){}=\"'/-_";
	const char *behind = s->line + s->end, *before = s->line + s->begin;
	size_t n, rest = s->len - s->end;

	for (n = 1; n <= PIECE_MAX; n++)
		if ((n <= rest && fill(s, behind, n)) ||
		    (n <= s->begin && fill(s, before - n, n)))
			return true;
	if (rest > PIECE_MAX && fill(s, behind, rest))
		return true;
	for (n = 0; others[n] != '\0'; n++)
		if (fill(s, &others[n], 1))
			return true;
	return false;
}

bool
worst_case(const char *line, size_t len, size_t begin, size_t end, worst_case_fn *fn,
	void *arg)
{
	struct stretching s = {line, len, begin, end, fn, arg, NULL};
	bool enough = false;

	s.bytes = alloc_resize(NULL, LINEBUF_LINE_MAX, 1);
	if (len <= LINEBUF_LINE_MAX) {
		memcpy(s.bytes, line, begin);
		enough = fill_with_each(&s);
	}
	free(s.bytes);
	return enough;
}
