/*
 * header: the forms in which log lines begin.
 *
 * Each form is one function. It is handed a line that is not empty, and no
 * host and pid set; it either fills in stamp, program and, if they are there,
 * host and pid, and returns where the text begins, or it returns NULL: the
 * line is not of this form. It goes from the left and never searches. A new
 * form is a name in enum header and a row in header_form.c's table, or, where a
 * row cannot say it, a function here and a row in logline.c's.
 */
#ifndef PATTERNS_LINE_HEADER_H
#define PATTERNS_LINE_HEADER_H

#include "patterns/line/logline.h"
#include "patterns/line/swar.h"

typedef const char *header_fn(struct logline *, const char *p,
    const char *end);

header_fn header_dovecot; /* these in header_own.c */
header_fn header_qpopper;
header_fn header_xmail;
header_fn header_form; /* header_form.c; sets header, too */

/* What syslog writes, in header_syslog.c: as a header_fn, which knows how the
 * line before began. */
const char *header_syslog_next(struct logline *, struct linestart *,
    const char *p, const char *end);

/* Behind the stamp at p and the space that follows it, or NULL. */
static inline const char *
header_take_stamp(struct logline *l, const char *p, const char *end)
{
	size_t len = stamp_find(p, end, &l->stamp_kind);

	if (len == 0 || p + len == end || p[len] != ' ')
		return NULL;
	l->stamp = p;
	l->stamp_len = len;
	return p + len + 1;
}

/* Behind the number at p, or NULL: there is none of 1 to 7 digits. */
const char *header_take_short(int *number, const char *p, const char *end);

static inline const char *
header_take_number(int *number, const char *p, const char *end)
{
	uint64_t values, others;

	if (end - p < 8)
		return header_take_short(number, p, end);
	others = swar_not_digit(swar_load(p), &values);
	if (others == 0 || swar_first(others) == 0)
		return NULL;
	*number = (int)swar_number(values, swar_first(others));
	return p + swar_first(others);
}

#endif
