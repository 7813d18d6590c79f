/* linebuf: whole lines come out, however the bytes came in. */
#include "base/linebuf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/tap.h"

/* What came out, each line in angle brackets, NUL shown as 0. */
struct taken {
	char text[1024];
	size_t used;
	size_t lines, longest;
	const char *from, *to; /* the bytes fed, to see what was copied */
	size_t copied;
};

static void
take(void *arg, const char *line, size_t len)
{
	struct taken *taken = arg;

	taken->lines++;
	if (len > taken->longest)
		taken->longest = len;
	if (line < taken->from || line >= taken->to)
		taken->copied++;
	if (taken->used + len + 3 > sizeof(taken->text))
		return;
	taken->text[taken->used++] = '<';
	for (size_t i = 0; i < len; i++)
		taken->text[taken->used++] = line[i] ? line[i] : '0';
	taken->text[taken->used++] = '>';
}

static void
feed(struct linebuf *buf, struct taken *taken, const char *bytes, size_t len)
{
	taken->from = bytes;
	taken->to = bytes + len;
	linebuf_feed(buf, bytes, len, take, taken);
}

static void
feed_text(struct linebuf *buf, struct taken *taken, const char *text)
{
	feed(buf, taken, text, strlen(text));
}

static void
test_lines(void)
{
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};

	feed_text(buf, &taken, "one\ntwo\n\nthree");
	is_str(taken.text, "<one><two><>", "lines with their end come out");
	is_int(taken.copied, 0, "without being copied");
	is_int(linebuf_pending(buf), 5, "the torn one is held");
	feed_text(buf, &taken, " and");
	is_int(linebuf_pending(buf), 9, "grows");
	is_int(taken.lines, 3, "but does not come out");
	feed_text(buf, &taken, " a half\nfour\n");
	is_str(taken.text, "<one><two><><three and a half><four>",
	       "before its end has come");
	is_int(linebuf_pending(buf), 0, "then nothing is held");
	feed_text(buf, &taken, "torn");
	linebuf_reset(buf);
	feed_text(buf, &taken, "new\n");
	is_str(taken.text, "<one><two><><three and a half><four><new>",
	       "what was forgotten does not come back");
	linebuf_free(&buf);
	ok(buf == NULL, "and it can be freed");
}

static void
test_skip(void)
{
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};

	feed_text(buf, &taken, "one\nto");
	linebuf_skip(buf);
	is_int(linebuf_pending(buf), 0, "a line to be skipped is forgotten");
	feed_text(buf, &taken, "rn");
	is_int(linebuf_pending(buf), 2, "its rest counts");
	linebuf_reset(buf);
	feed_text(buf, &taken, "rn again");
	feed_text(buf, &taken, "\ntwo\nthree\n");
	is_str(taken.text, "<one><two><three>",
	       "and is dropped up to its end, however often it is read");
	is_int(linebuf_pending(buf), 0, "then nothing is held");
	linebuf_skip(buf);
	feed_text(buf, &taken, "x\nfour\n");
	is_str(taken.text, "<one><two><three><four>", "also within a block");
	is_int(linebuf_dropped(buf), 2, "each is counted");
	linebuf_free(&buf);
}

static void
test_odd_bytes(void)
{
	static const char hole[] = "\0\0\0after a hole\n"
				   "in\0side\r\n\r\nend\r";
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};

	feed(buf, &taken, hole, sizeof(hole) - 1);
	is_str(taken.text, "<0after a hole><in0side><>",
	       "of NULs before a line one is left, those within it stay");
	feed_text(buf, &taken, "\n");
	feed(buf, &taken, "\0\0\0\0", 4);
	is_int(linebuf_pending(buf), 4, "a hole counts as read");
	feed(buf, &taken, "\0x\r\n\0\0", 6);
	feed(buf, &taken, "\n", 1);
	is_str(taken.text, "<0after a hole><in0side><><end><0x><0>",
	       "and no line is lost by it");
	linebuf_free(&buf);

	memset(&taken, 0, sizeof(taken));
	buf = linebuf_new();
	feed_text(buf, &taken, "a\r\nb\r");
	feed_text(buf, &taken, "\nc\r\r\n");
	is_str(taken.text, "<a><b><c\r>",
	       "one CR before the end goes, no more");
	linebuf_free(&buf);
}

/* A line of that many bytes between two short ones, in portions. */
static struct taken
feed_long(size_t len, const char *end, size_t portion, uint64_t *overlong)
{
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};
	size_t total = 7 + len + strlen(end) + 6, step;
	char *bytes = alloc_zero(total + 1, 1);

	memcpy(bytes, "before\n", 7);
	memset(bytes + 7, 'x', len);
	memcpy(bytes + 7 + len, end, strlen(end));
	memcpy(bytes + 7 + len + strlen(end), "after\n", 6);
	for (size_t at = 0; at < total; at += step) {
		step = portion < total - at ? portion : total - at;
		feed(buf, &taken, bytes + at, step);
	}
	*overlong = linebuf_dropped(buf);
	free(bytes);
	linebuf_free(&buf);
	return taken;
}

static void
test_limit(void)
{
	static const size_t portions[] = {1 << 20, 4096, 1};
	uint64_t overlong;
	struct taken taken;

	for (size_t i = 0; i < 3; i++) {
		size_t portion = portions[i];

		printf("# in portions of %zu\n", portion);
		taken = feed_long(LINEBUF_LINE_MAX, "\n", portion, &overlong);
		is_int(taken.longest, LINEBUF_LINE_MAX,
		       "the longest line comes out whole");
		is_int(overlong, 0, "and counts as sound");
		taken = feed_long(LINEBUF_LINE_MAX, "\r\n", portion, &overlong);
		is_int(taken.longest, LINEBUF_LINE_MAX, "also with CR LF");
		taken =
		    feed_long(LINEBUF_LINE_MAX + 1, "\n", portion, &overlong);
		is_str(taken.text, "<before><after>",
		       "one byte more, and it is dropped whole");
		is_int(overlong, 1, "and counted");
		taken =
		    feed_long(LINEBUF_LINE_MAX + 1, "\r\n", portion, &overlong);
		is_str(taken.text, "<before><after>", "also with CR LF");
		taken = feed_long(300000, "\n", portion, &overlong);
		is_str(taken.text, "<before><after>",
		       "however long, the neighbours are kept");
	}
}

static void
test_pending_of_overlong(void)
{
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};
	char *bytes = alloc_zero(100000, 1);

	memset(bytes, 'x', 100000);
	feed(buf, &taken, bytes, 100000);
	feed(buf, &taken, bytes, 100000);
	is_int(linebuf_pending(buf), 200000,
	       "of an over-long line all bytes count as pending");
	memset(bytes, 0, 100000);
	linebuf_reset(buf);
	feed(buf, &taken, bytes, 100000);
	feed_text(buf, &taken, "line\n");
	is_str(taken.text, "<0line>",
	       "NULs, however many, are no over-long line");
	is_int(linebuf_dropped(buf), 0, "nor counted as one");
	free(bytes);
	linebuf_free(&buf);
}

/* A hole of that many bytes and a line, in portions. */
static void
feed_hole(size_t size, size_t portion, const char *want, const char *what)
{
	struct linebuf *buf = linebuf_new();
	struct taken taken = {0};
	char *bytes = alloc_zero(size + 5, 1);
	size_t step, n = 0;
	uint64_t hole = 0;

	memcpy(bytes + size, "line\n", 5);
	for (size_t at = 0; at < size + 5; at += step) {
		step = portion < size + 5 - at ? portion : size + 5 - at;
		if (n == at) /* so far */
			n += linebuf_hole(buf, &hole, bytes + at, step);
		if (n < at + step)
			feed(buf, &taken, bytes + (n > at ? n : at),
			     at + step - (n > at ? n : at));
	}
	is_str(taken.text, want, "%s, in portions of %zu", what, portion);
	is_int(n, size, "all of the hole is one");
	free(bytes);
	linebuf_free(&buf);
}

static void
test_hole(void)
{
	static const size_t portions[] = {1 << 20, 512, 100, 1};

	for (size_t i = 0; i < 4; i++) {
		feed_hole(0, portions[i], "<line>", "no hole");
		feed_hole(1000, portions[i], "<line>",
			  "with a hole a file begins, then with a line");
		feed_hole(1024, portions[i], "<0line>",
			  "lost sectors, and the rest of a line perhaps");
	}
}

/* The same bytes, cut in every way: the same lines. */
static void
test_any_portions(void)
{
	static const char text[] = "alpha\n\nbeta\r\n\0\0gamma\ndelta\r";
	struct taken whole = {0}, cut;
	struct linebuf *buf = linebuf_new();
	unsigned int wrong = 0;

	feed(buf, &whole, text, sizeof(text) - 1);
	linebuf_free(&buf);
	for (size_t a = 0; a < sizeof(text) - 1; a++) {
		for (size_t b = a; b < sizeof(text) - 1; b++) {
			memset(&cut, 0, sizeof(cut));
			buf = linebuf_new();
			feed(buf, &cut, text, a);
			feed(buf, &cut, text + a, b - a);
			feed(buf, &cut, text + b, sizeof(text) - 1 - b);
			wrong += strcmp(cut.text, whole.text) != 0 ||
				 linebuf_pending(buf) != 6;
			linebuf_free(&buf);
		}
	}
	is_str(whole.text, "<alpha><><beta><0gamma>", "in one piece");
	is_int(wrong, 0, "in any three pieces: the same lines");
}

int
main(void)
{
	test_lines();
	test_skip();
	test_odd_bytes();
	test_limit();
	test_pending_of_overlong();
	test_hole();
	test_any_portions();
	return tap_done();
}
