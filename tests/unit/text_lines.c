/* text_lines: the same lines, in whatever encoding, end and pieces they come.
 */
#include "tools/gateway/text_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

struct seen {
	char text[8192]; /* "1:first|2:second|" */
	size_t len;
};

static void
take(void *arg, size_t number, const char *line, size_t len)
{
	struct seen *seen = arg;

	seen->len +=
	    (size_t)snprintf(seen->text + seen->len,
			     sizeof(seen->text) - seen->len, "%zu:", number);
	if (seen->len + len + 2 > sizeof(seen->text))
		abort();
	for (size_t i = 0; i < len; i++)
		seen->text[seen->len++] = line[i] == '\0' ? '0' : line[i];
	seen->text[seen->len++] = '|';
	seen->text[seen->len] = '\0';
}

static bool
feed(struct seen *seen, const char *bytes, size_t len, size_t piece)
{
	struct text_lines *lines = text_lines_new(take, seen);
	bool torn;

	*seen = (struct seen){0};
	for (size_t at = 0; at < len; at += piece)
		text_lines_feed(lines, bytes + at,
				len - at < piece ? len - at : piece);
	torn = text_lines_end(lines);
	text_lines_free(&lines);
	return torn;
}

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	const char *lines;
	bool torn;
} rows[] = {
    {"nothing", BYTES(""), "", false},
    {"LF", BYTES("a\nb\n"), "1:a|2:b|", false},
    {"CR LF", BYTES("a\r\nb\r\n"), "1:a|2:b|", false},
    {"no newline", BYTES("a\nb"), "1:a|2:b|", true},
    {"empty lines", BYTES("\n\r\nb\n"), "1:|2:|3:b|", false},
    {"CR within", BYTES("a\rb\n"), "1:a\rb|", false},
    {"NUL", BYTES("a\0b\n"), "1:a0b|", false},
    {"mark of UTF-8",
     BYTES("\xef\xbb\xbf"
	   "a\n"),
     "1:a|", false},
    {"mark alone", BYTES("\xef\xbb\xbf"), "", false},
    {"half a mark", BYTES("\xef\xbb"), "1:\xef\xbb|", true},
    {"no mark after all",
     BYTES("\xef\xbb"
	   "a\n"),
     "1:\xef\xbb"
     "a|",
     false},
    {"a mark later", BYTES("a\n\xef\xbb\xbf\n"), "1:a|2:\xef\xbb\xbf|", false},
    {"UTF-16, little end first",
     BYTES("\xff\xfe"
	   "a\0\r\0\n\0b\0\n\0"),
     "1:a|2:b|", false},
    {"UTF-16, big end first", BYTES("\xfe\xff\0a\0\r\0\n\0b\0\n"), "1:a|2:b|",
     false},
    {"mark of UTF-16 alone", BYTES("\xff\xfe"), "", false},
    {"half a unit",
     BYTES("\xff\xfe"
	   "a\0\n\0b"),
     "1:a|", true},
    {"no newline in UTF-16",
     BYTES("\xff\xfe"
	   "a\0"),
     "1:a|", true},
    {"two and three bytes", BYTES("\xff\xfe\xe4\0\xac\x20\n\0"),
     "1:\xc3\xa4\xe2\x82\xac|", false},
    {"a pair", BYTES("\xff\xfe\x3d\xd8\x00\xde\n\0"), "1:\xf0\x9f\x98\x80|",
     false},
    {"the first half of a pair",
     BYTES("\xff\xfe\x3d\xd8"
	   "a\0\n\0"),
     "1:\xef\xbf\xbd"
     "a|",
     false},
    {"the second half of a pair", BYTES("\xff\xfe\x00\xde\n\0"),
     "1:\xef\xbf\xbd|", false},
    {"half a pair at the end", BYTES("\xff\xfe\n\0\x3d\xd8"), "1:|", true},
    {"UTF-16 without a mark", BYTES("a\0\n\0"), "1:a0|2:0|", true},
};

static void
test_long(void)
{
	static char text[3 * TEXT_LINE_MAX];
	struct seen seen;

	memset(text, 'x', sizeof(text));
	text[0] = '\n';
	text[TEXT_LINE_MAX + 1] = '\n';
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\n';
	for (size_t piece = 1; piece <= sizeof(text); piece *= 7) {
		feed(&seen, text, sizeof(text), piece);
		ok(strchr(seen.text, '3') - strchr(seen.text, '2') ==
		       TEXT_LINE_MAX + 3,
		   "the longest line is handed out in pieces of %zu", piece);
		ok(strchr(seen.text, '4') - strchr(seen.text, '3') ==
		       TEXT_LINE_MAX + 3,
		   "of a longer one, as much");
		ok(strstr(seen.text, "|4:|") != NULL, "and the next one");
	}
}

int
main(void)
{
	struct seen seen;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece <= rows[i].len + 1; piece++) {
			bool torn =
			    feed(&seen, rows[i].bytes, rows[i].len, piece);

			ok(strcmp(seen.text, rows[i].lines) == 0 &&
			       torn == rows[i].torn,
			   "%s, in pieces of %zu", rows[i].name, piece);
		}
	test_long();
	return tap_done();
}
