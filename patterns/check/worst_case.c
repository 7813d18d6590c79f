#include "patterns/check/worst_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"

enum { PIECE_MAX = 16 };

struct filling {
	const char *line;
	size_t len, begin, end;
	worst_case_fn *fn;
	void *arg;
	char *bytes; /* room for a line */
};

static bool
fill(const struct filling *f, const char *piece, size_t piece_len)
{
	size_t rest = f->len - f->end, len = f->begin;

	while (len + piece_len + rest <= LINEBUF_LINE_MAX) {
		memcpy(f->bytes + len, piece, piece_len);
		len += piece_len;
	}
	memcpy(f->bytes + len, f->line + f->end, rest);
	return f->fn(f->arg, f->bytes, len + rest);
}

static bool
fill_with_each(const struct filling *f)
{
	static const char others[] = "aA0 \t.,:;<>[](){}=\"'/-_";
	const char *after = f->line + f->end, *before = f->line + f->begin;
	size_t n, rest = f->len - f->end;

	for (n = 1; n <= PIECE_MAX; n++)
		if ((n <= rest && fill(f, after, n)) ||
		    (n <= f->begin && fill(f, before - n, n)))
			return true;
	if (rest > PIECE_MAX && fill(f, after, rest))
		return true;
	for (n = 0; others[n] != '\0'; n++)
		if (fill(f, &others[n], 1))
			return true;
	return false;
}

bool
worst_case(const char *line, size_t len, size_t begin, size_t end,
	   worst_case_fn *fn, void *arg)
{
	struct filling f = {line, len, begin, end, fn, arg, NULL};
	bool enough = false;

	f.bytes = alloc_resize(NULL, LINEBUF_LINE_MAX, 1);
	if (len <= LINEBUF_LINE_MAX) {
		memcpy(f.bytes, line, begin);
		enough = fill_with_each(&f);
	}
	free(f.bytes);
	return enough;
}
