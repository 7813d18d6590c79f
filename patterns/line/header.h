/*
 * header: the forms in which log lines begin.
 *
 * One function for each form. It gets a line that is not empty, with host and
 * pid unset. It sets stamp and program, and host and pid if the line has them,
 * and returns where the text begins; or it returns NULL if the line is not of
 * this form. It reads from the left and never searches, except for the form
 * whose stamp ends the line.
 *
 * To add a form, add it to enum header and to the table of header_form.c. If a
 * row of that table cannot describe it, declare a function here and add it to
 * the table of logline_parse.c.
 */
#ifndef PATTERNS_LINE_HEADER_H
#define PATTERNS_LINE_HEADER_H

#include "patterns/line/logline.h"
#include "base/swar.h"

typedef const char *header_fn(struct logline *, const char *p,
    const char *end);

header_fn header_dovecot; /* header_own.c */
header_fn header_qpopper; /* header_own.c */
header_fn header_xmail;	  /* header_own.c */
header_fn header_form;	  /* header_form.c; also sets the line's header */
header_fn header_around;  /* header_around.c; also sets the header */
header_fn header_between; /* header_between.c; for header_around.c */
header_fn header_trailing; /* header_own.c; also sets the header */
header_fn header_bare;	  /* header_around.c; see logline_bare() */

/* The form of syslog, in header_syslog.c: like a header_fn, but remembers how
 * the line before it began. */
const char *header_syslog_next(struct logline *, struct linestart *,
    const char *p, const char *end);

/*
 * The parts of syslog's header, for header_around.c. Like any header_fn, each
 * returns where the part ends, or NULL. An origin is "host program[pid]: " or
 * "program[pid]: "; a host includes the space after it; what follows a host may
 * have an addition before the tag. RFC 5424 begins after the version.
 */
header_fn header_syslog; /* a whole header */
header_fn header_take_origin, header_take_host, header_take_tag_of_host;
header_fn header_take_5424;
/* After "<22>", after "mail.info", after "info"; or NULL. */
const char *header_skip_priority(const char *p, const char *end);
const char *header_skip_priority_names(const char *p, const char *end);
const char *header_skip_severity(const char *p, const char *end);
/* The end of a tag: the first delimiter of tags, or `stop'. */
const char *header_skip_tag(const char *p, const char *end, char stop);

/* The first of these forms that the line has; or NULL. Sets the header. */
const char *header_take_first(struct logline *, header_fn *const *forms,
    size_t count, const char *p, const char *end);

/* The end of this word at p, or NULL, as for p NULL. */
static inline const char *
header_skip_word(const char *p, const char *end, const char *word)
{
	size_t len = strlen(word);

	if (p == NULL || (size_t)(end - p) < len || memcmp(p, word, len) != 0)
		return NULL;
	return p + len;
}

/* Sets the stamp at p. Returns the end of the space after it, or NULL. */
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

/* Reads a number of 1 to 7 digits at p. Returns its end, or NULL: there is no
 * such number. header_take_short() is for the last bytes of a line. */
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
