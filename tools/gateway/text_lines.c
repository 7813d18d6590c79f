#include "tools/gateway/text_lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum encoding { UNKNOWN, PLAIN, UTF16_LE, UTF16_BE };

struct text_lines {
	text_lines_fn *fn;
	void *arg;
	enum encoding encoding;
	size_t number; /* of the last line handed out */
	char line[TEXT_LINE_MAX];
	size_t len;   /* of the unfinished line, as far as it is kept */
	bool pending; /* there is an unfinished line */
	unsigned char head[3]; /* what may be a mark; or half of a unit */
	size_t head_len;
	uint16_t high; /* the first half of a pair; 0: none */
};

enum { REPLACEMENT = 0xfffd };

struct text_lines *
text_lines_new(text_lines_fn *fn, void *arg)
{
	struct text_lines *lines = alloc_zero(1, sizeof(*lines));

	lines->fn = fn;
	lines->arg = arg;
	return lines;
}

void
text_lines_free(struct text_lines **linesp)
{
	free(*linesp);
	*linesp = NULL;
}

static void
hand_out(struct text_lines *lines, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	lines->fn(lines->arg, ++lines->number, line, len);
	lines->pending = false;
	lines->len = 0;
}

static void
keep(struct text_lines *lines, const char *bytes, size_t len)
{
	size_t room = TEXT_LINE_MAX - lines->len;

	if (len > room)
		len = room;
	memcpy(lines->line + lines->len, bytes, len);
	lines->len += len;
	lines->pending = true;
}

static void
feed_plain(struct text_lines *lines, const char *bytes, size_t len)
{
	const char *end = bytes + len, *newline;

	for (; bytes < end; bytes = newline + 1) {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		if (newline == NULL) {
			keep(lines, bytes, (size_t)(end - bytes));
			return;
		}
		len = (size_t)(newline - bytes);
		if (!lines->pending && len <= TEXT_LINE_MAX) {
			hand_out(lines, bytes, len);
			continue;
		}
		keep(lines, bytes, len);
		hand_out(lines, lines->line, lines->len);
	}
}

/* ---- UTF-16 ---- */

static void
feed_character(struct text_lines *lines, uint32_t c)
{
	char out[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[n] | c);
	feed_plain(lines, out, n);
}

static void
feed_unit(struct text_lines *lines, uint16_t unit)
{
	uint16_t high = lines->high;

	lines->high = 0;
	if (high != 0 && (unit & 0xfc00) == 0xdc00) {
		feed_character(lines, 0x10000 + ((high & 0x3ffu) << 10) +
					  (unit & 0x3ffu));
		return;
	}
	if (high != 0)
		feed_character(lines, REPLACEMENT);
	if ((unit & 0xfc00) == 0xd800)
		lines->high = unit;
	else if ((unit & 0xfc00) == 0xdc00)
		feed_character(lines, REPLACEMENT);
	else
		feed_character(lines, unit);
}

static void
feed_utf16(struct text_lines *lines, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		lines->head[lines->head_len++] = (unsigned char)bytes[i];
		if (lines->head_len < 2)
			continue;
		lines->head_len = 0;
		feed_unit(
		    lines,
		    lines->encoding == UTF16_LE
			? (uint16_t)(lines->head[1] << 8 | lines->head[0])
			: (uint16_t)(lines->head[0] << 8 | lines->head[1]));
	}
}

static void
feed_known(struct text_lines *lines, const char *bytes, size_t len)
{
	if (lines->encoding == PLAIN)
		feed_plain(lines, bytes, len);
	else
		feed_utf16(lines, bytes, len);
}

/* ---- the mark ---- */

static const struct {
	enum encoding encoding;
	size_t len;
	unsigned char bytes[3];
} MARKS[] = {
    {UTF16_LE, 2, {0xff, 0xfe}},
    {UTF16_BE, 2, {0xfe, 0xff}},
    {PLAIN, 3, {0xef, 0xbb, 0xbf}},
};

enum { NMARKS = sizeof(MARKS) / sizeof(MARKS[0]) };

/* Number of the mark that begins so, or NMARKS. */
static size_t
find_mark(const struct text_lines *lines)
{
	size_t i = 0;

	while (i < NMARKS &&
	       (lines->head_len > MARKS[i].len ||
		memcmp(lines->head, MARKS[i].bytes, lines->head_len) != 0))
		i++;
	return i;
}

/* It is no mark: these bytes belong to the text. */
static void
begin_plain(struct text_lines *lines)
{
	size_t len = lines->head_len;

	lines->encoding = PLAIN;
	lines->head_len = 0;
	feed_plain(lines, (const char *)lines->head, len);
}

/* Takes the bytes that decide on the encoding. Returns their number. */
static size_t
feed_head(struct text_lines *lines, const char *bytes, size_t len)
{
	size_t i = 0, mark;

	while (lines->encoding == UNKNOWN && i < len) {
		lines->head[lines->head_len++] = (unsigned char)bytes[i++];
		mark = find_mark(lines);
		if (mark == NMARKS) {
			begin_plain(lines);
		} else if (lines->head_len == MARKS[mark].len) {
			lines->encoding = MARKS[mark].encoding;
			lines->head_len = 0;
		}
	}
	return i;
}

void
text_lines_feed(struct text_lines *lines, const char *bytes, size_t len)
{
	size_t used = 0;

	if (lines->encoding == UNKNOWN)
		used = feed_head(lines, bytes, len);
	if (used < len)
		feed_known(lines, bytes + used, len - used);
}

bool
text_lines_end(struct text_lines *lines)
{
	bool torn;

	if (lines->encoding == UNKNOWN)
		begin_plain(lines);
	torn = lines->pending || lines->head_len > 0 || lines->high != 0;
	if (lines->pending)
		hand_out(lines, lines->line, lines->len);
	return torn;
}
