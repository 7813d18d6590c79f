/*
 * header_own: servers that write a log of their own, without syslog.
 */
#include "patterns/line/header.h"

#include <stdbool.h>
#include <string.h>

static void
name_program(struct logline *l, const char *name)
{
	l->program = name;
	l->program_len = strlen(name);
}

/* dovecot: 2009-03-08 12:53:46 Info: imap-login: Login: ... */
const char *
header_dovecot(struct logline *l, const char *p, const char *end)
{
	static const char name[] = "dovecot: ";

	if (end - p < (ptrdiff_t)strlen(name) ||
	    memcmp(p, name, strlen(name)) != 0)
		return NULL;
	name_program(l, "dovecot");
	return header_take_stamp(l, p + strlen(name), end);
}

/* The end of one of qpopper's names at p, or NULL. */
static const char *
skip_popper(const char *p, const char *end)
{
	static const char *const names[] = {"popper", "qpopper", "in.popper",
					    "in.qpopper"};
	size_t i, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if ((size_t)(end - p) > len && p[len] == ']' &&
		    memcmp(p, names[i], len) == 0)
			return p + len;
	}
	return NULL;
}

/* Nov 21 02:01:00 [popper] (v4.0.5) POP login ...
 * Thu Nov 21 02:01:00 2002 [4242] Stats:\t... */
const char *
header_qpopper(struct logline *l, const char *p, const char *end)
{
	const char *q;

	p = header_take_stamp(l, p, end);
	if (p == NULL || p == end || *p++ != '[')
		return NULL;
	q = skip_popper(p, end);
	if (q == NULL)
		q = header_take_number(&l->pid, p, end);
	if (q == NULL || end - q < 2 || memcmp(q, "] ", 2) != 0)
		return NULL;
	name_program(l, "qpopper");
	return q + 2;
}

/* The end of a quoted column and of the tab after it; the last column has the
 * line's end in place of the tab. NULL: this is not such a column. */
static const char *
skip_column(const char *p, const char *end, bool last)
{
	if (p == end || *p != '"')
		return NULL;
	for (p++; p < end && *p != '"' && *p != '\t'; p++)
		;
	if (p == end || *p++ != '"')
		return NULL;
	if (last)
		return p == end ? p : NULL;
	return p < end && *p == '\t' ? p + 1 : NULL;
}

/*
 * "server" "domain" "address" "2026-11-21 03:21:02" "user" "" "LOGIN" "0" "0"
 * XMail does not escape quotes and tabs in a name that a stranger chose, so
 * that nothing in a line of another shape can be trusted.
 */
const char *
header_xmail(struct logline *l, const char *line, const char *end)
{
	enum { COLUMNS = 9, STAMP = 4 };
	const char *p = line, *next;
	size_t len;
	int i;

	for (i = 1; i <= COLUMNS; i++, p = next) {
		next = skip_column(p, end, i == COLUMNS);
		if (next == NULL)
			return NULL;
		if (i != STAMP)
			continue;
		len = (size_t)(next - p) - strlen("\"\"\t");
		if (len == 0 ||
		    stamp_find(p + 1, next - 2, &l->stamp_kind) != len)
			return NULL;
		l->stamp = p + 1;
		l->stamp_len = len;
	}
	name_program(l, "xmail");
	return line;
}

/* [192.0.2.7] IMAP Login successful 02:01:00.123
 * The stamp is the last word, with its fraction; all of the line is text. */
const char *
header_trailing(struct logline *l, const char *p, const char *end)
{
	const char *space = memrchr(p, ' ', (size_t)(end - p));
	size_t len;

	if (*p != '[' || space == NULL)
		return NULL;
	len = stamp_find_kind(STAMP_CLOCK, space + 1, end);
	if (len == 0 || space + 1 + len != end ||
	    memchr(space + 1, '.', len) == NULL)
		return NULL;
	l->header = HEADER_SMARTERMAIL_TRAILING;
	l->stamp_kind = STAMP_CLOCK;
	l->stamp = space + 1;
	l->stamp_len = len;
	name_program(l, header_names()[l->header]);
	return p;
}
