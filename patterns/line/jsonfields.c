#include "patterns/line/jsonfields.h"

#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

/* What is left to read, and where the next value is written. */
struct reader {
	const char *p, *end;
	char *out;
};

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
}

static bool
take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* ---- strings ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of "\u00e9"; -1: they are not there. */
static int32_t
take_unit(struct reader *r)
{
	int32_t unit = 0;

	if (r->end - r->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(*r->p++);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* At most 4 bytes for the 6 or 12 that were read. */
static void
put_utf8(struct reader *r, uint32_t c)
{
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*r->out++ = (char)(first[more] | c >> (6 * more));
	while (more-- > 0)
		*r->out++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
}

/* After "\u". A pair of surrogates is one character. */
static bool
take_character(struct reader *r)
{
	int32_t c = take_unit(r), low;

	if (c >= 0xd800 && c < 0xdc00) {
		if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
			return false;
		r->p += 2;
		low = take_unit(r);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c < 0 || (c >= 0xdc00 && c <= 0xdfff)) {
		return false;
	}
	put_utf8(r, (uint32_t)c);
	return true;
}

/* After a backslash. */
static bool
take_escape(struct reader *r)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	char c;

	if (r->p == r->end)
		return false;
	c = *r->p++;
	if (c == 'u')
		return take_character(r);
	letter = c != '\0' ? strchr(letters, c) : NULL;
	if (letter == NULL)
		return false;
	*r->out++ = bytes[letter - letters];
	return true;
}

static bool
take_string(struct reader *r)
{
	if (!take(r, '"'))
		return false;
	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < ' ')
			return false;
		if (*r->p != '\\')
			*r->out++ = *r->p++;
		else if (r->p++, !take_escape(r))
			return false;
	}
	return take(r, '"');
}

/* ---- other values ---- */

/* A number, true, false. */
static bool
take_word(struct reader *r)
{
	const char *begin = r->p;

	while (r->p < r->end &&
	       ((*r->p >= '0' && *r->p <= '9') ||
		(*r->p >= 'a' && *r->p <= 'z') || strchr("+-.E", *r->p)) &&
	       *r->p != '\0')
		*r->out++ = *r->p++;
	return r->p > begin;
}

/* [76,111,103]: how journalctl writes what is not UTF-8. False, with p where
 * it was, if it is another array. */
static bool
take_bytes(struct reader *r)
{
	struct reader at = *r;

	if (!take(&at, '['))
		return false;
	do {
		unsigned int byte = 0;
		const char *begin;

		skip_blanks(&at);
		for (begin = at.p; at.p < at.end && *at.p >= '0' &&
				   *at.p <= '9' && at.p - begin < 3;
		     at.p++)
			byte = byte * 10 + (unsigned int)(*at.p - '0');
		if (at.p == begin || byte > 255)
			return false;
		*at.out++ = (char)byte;
	} while (take(&at, ','));
	if (!take(&at, ']'))
		return false;
	*r = at;
	return true;
}

static bool skip_value(struct reader *r, int depth);

/* The rest of an object or array. */
static bool
skip_members(struct reader *r, int depth, char end)
{
	if (take(r, end))
		return true;
	do {
		if (end == '}' && (!take_string(r) || !take(r, ':')))
			return false;
		if (!skip_value(r, depth))
			return false;
	} while (take(r, ','));
	return take(r, end);
}

static bool
skip_value(struct reader *r, int depth)
{
	skip_blanks(r);
	if (depth == DEPTH_MAX || r->p == r->end)
		return false;
	if (*r->p == '"')
		return take_string(r);
	if (take(r, '{'))
		return skip_members(r, depth + 1, '}');
	if (take(r, '['))
		return skip_members(r, depth + 1, ']');
	return take_word(r);
}

static bool
take_value(struct reader *r)
{
	skip_blanks(r);
	if (r->p < r->end && *r->p == '[' && take_bytes(r))
		return true;
	return skip_value(r, 0);
}

/* ---- the object ---- */

static struct jsonfield *
find(struct jsonfield *fields, const char *key, size_t len)
{
	for (; fields->key != NULL; fields++)
		if (strlen(fields->key) == len &&
		    memcmp(fields->key, key, len) == 0)
			return fields;
	return NULL;
}

static bool
take_member(struct reader *r, struct jsonfield *fields)
{
	char *key = r->out, *value;
	struct jsonfield *field;

	if (!take_string(r))
		return false;
	field = find(fields, key, (size_t)(r->out - key));
	value = r->out;
	if (!take(r, ':') || !take_value(r))
		return false;
	if (field == NULL) {
		r->out = key; /* nobody wants it */
		return true;
	}
	if (field->value != NULL)
		return false; /* which of them is it? */
	field->value = value;
	field->len = (size_t)(r->out - value);
	return true;
}

bool
jsonfields_read(const char *line, size_t len, struct jsonfield *fields,
		char *room)
{
	struct reader r = {line, line + len, room};

	for (struct jsonfield *f = fields; f->key != NULL; f++)
		f->value = NULL;
	if (!take(&r, '{'))
		return false;
	do {
		if (!take_member(&r, fields))
			return false;
	} while (take(&r, ','));
	if (!take(&r, '}'))
		return false;
	skip_blanks(&r);
	return r.p == r.end;
}
