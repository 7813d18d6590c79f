/*
 * peek: a look at the beginning of a line, in logs of syslog.
 *
 * Most lines of a log have the host of the line before them, a stamp of the same
 * form, and a tag of the usual form. To find that out takes no branch that
 * depends on the line: a mispredicted one would cost more than all of this.
 */
#ifndef PATTERNS_LINE_PEEK_H
#define PATTERNS_LINE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/sixteen.h"
#include "base/swar.h"
#include "patterns/line/logline.h"

/* The longest tag that is read: a name of 15 bytes, a pid of 7 digits between
 * brackets, a colon and a space. What is read of it is never more. */
enum { PEEK_NAME_MAX = 15, PEEK_MAX = PEEK_NAME_MAX + 9 + 2 };

/* The name of a program, padded with zeros; the first byte is the lowest. */
struct tagname {
	uint64_t low, high;
};

struct peek {
	uint32_t name_len;
	uint32_t len; /* of the tag, with the space after it */
};

/* All bits of each byte that is another one, except for one digit in the place
 * of another. */
static inline sixteen
peek_differs(const struct linestart *start, const char *line, size_t at)
{
	sixteen was = sixteen_load(start->bytes + at);
	sixteen is = sixteen_load(line + at);
	sixteen digits = (sixteen)((is >= '0') & (is <= '9'));

	return (sixteen)(was != is) &
	       ~(digits & sixteen_load(start->digits + at));
}

/* Whether a line has the same host as the one before it, and a stamp in which
 * no more than digits differ. */
static inline bool
peek_starts_alike(const struct linestart *start, const char *line, size_t len)
{
	sixteen differs;
	size_t i;

	if (start->len == 0 || len <= start->len)
		return false;
	differs = peek_differs(start, line, start->len - sizeof(sixteen));
	for (i = 0; i + sizeof(sixteen) < start->len; i += sizeof(sixteen))
		differs |= peek_differs(start, line, i);
	return sixteen_bits(differs) == 0;
}

/* The first n bytes at p, and zeros: at most sixteen. */
static inline struct tagname
peek_name(const char *p, size_t n)
{
	static const unsigned char keep[2 * sizeof(sixteen)] = {
	    255, 255, 255, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 255};
	const char *mask = (const char *)keep + sizeof(sixteen) - n;

	return (struct tagname){swar_load(p) & swar_load(mask),
				swar_load(p + 8) & swar_load(mask + 8)};
}

static inline bool
peek_same_name(const struct tagname *a, const struct tagname *b)
{
	return ((a->low ^ b->low) | (a->high ^ b->high)) == 0;
}

/*
 * Reads the tag of a line that starts alike; PEEK_MAX bytes can be read from
 * there. True if it is "name: " or "name[pid]: ", with a name of at most
 * PEEK_NAME_MAX bytes: logline_next() would find the header of syslog in the
 * line, and this program. Otherwise nothing is known of the line, and *out is
 * undefined.
 */
static inline bool
peek_tag(const char *p, struct peek *out, struct tagname *name)
{
	sixteen bytes = sixteen_load(p);
	uint32_t ends = sixteen_bits((sixteen)((bytes < '!') | (bytes == 0x7f) |
					       (bytes == '[') | (bytes == ':')));
	size_t n = (size_t)__builtin_ctz(ends | 1U << PEEK_NAME_MAX);
	uint64_t unused, other = swar_not_digit(swar_load(p + n + 1), &unused);
	size_t digits = swar_first(other | UINT64_C(1) << 63);
	size_t pid = p[n] == '[';
	size_t end = n + (-pid & (digits + 2));

	*name = peek_name(p, n);
	out->name_len = (uint32_t)n;
	out->len = (uint32_t)end + 2;
	return (n > 0) & (p[end] == ':') & (p[end + 1] == ' ') &
	       ((pid == 0) |
		((digits > 0) & (p[n + 1 + digits] == ']')));
}

/* Does what is left of logline_next() after that. */
void peek_take(struct logline *out, const struct linestart *,
    const struct peek *, const char *line, size_t len);

#endif
