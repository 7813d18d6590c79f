/*
 * Headers of syslog with something before or around them, as some daemons,
 * templates and supervisors write them. Tried last, since most logs have none.
 *
 * Each is taken by position, with exact words. header_bare() is apart, since no
 * delimiter shows there which word is the tag.
 */
#include "patterns/line/header.h"

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

/* metalog: "STAMP [dovecot] text". qpopper's own log is tried before. */
static const char *
take_metalog(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL || p == end || *p++ != '[')
		return NULL;
	l->program = p;
	p = header_skip_tag(p, end, ']');
	l->program_len = (size_t)(p - l->program);
	return l->program_len > 0 ? header_skip_word(p, end, "] ") : NULL;
}

/* ---- journalctl ---- */

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* After "UTC", "ChST" or "+0530". */
static const char *
skip_zone(const char *p, const char *end)
{
	const char *q = p;

	if (q < end && (*q == '+' || *q == '-')) {
		for (q++; q < end && *q >= '0' && *q <= '9'; q++)
			;
		return q - p == 3 || q - p == 5 ? q : NULL;
	}
	if (q == end || !is_upper(*q))
		return NULL;
	while (q < end && (is_upper(*q) || (*q >= 'a' && *q <= 'z')))
		q++;
	return q - p >= 2 && q - p <= 5 ? q : NULL;
}

static bool
is_utc(const char *zone, const char *end)
{
	return end - zone == 3 &&
	       (memcmp(zone, "UTC", 3) == 0 || memcmp(zone, "GMT", 3) == 0);
}

/* journalctl -o with-unit names the unit in place of the tag. */
static void
drop_unit_suffix(struct logline *l)
{
	static const char suffix[] = ".service";
	size_t len = strlen(suffix);

	if (l->program_len > len &&
	    memcmp(l->program + l->program_len - len, suffix, len) == 0)
		l->program_len -= len;
}

/* -o short-full and with-unit: "Sat 2026-11-21 02:01:00 UTC mx dovecot[77]: ".
 * The zone is that of whoever ran journalctl; it becomes a part of the stamp.
 */
static const char *
take_weekday(struct logline *l, const char *p, const char *end)
{
	static const char days[] = "Mon Tue Wed Thu Fri Sat Sun ";
	const char *zone;
	size_t i;

	if (end - p < 4)
		return NULL;
	for (i = 0; days[i] != '\0' && memcmp(p, days + i, 4) != 0; i += 4)
		;
	if (days[i] == '\0')
		return NULL;
	zone = header_take_stamp(l, p + 4, end);
	if (zone == NULL || l->stamp_kind != STAMP_ISO ||
	    (p = skip_zone(zone, end)) == NULL || p == end || *p != ' ')
		return NULL;
	if (is_utc(zone, p))
		l->stamp_kind = STAMP_W3C;
	else
		l->stamp_len = (size_t)(p - l->stamp);
	p = header_take_origin(l, p + 1, end);
	if (p != NULL)
		drop_unit_suffix(l);
	return p;
}

/* A zone apart from its stamp, as %z in Dovecot's log_timestamp:
 * "2026-11-21 02:01:00 +0100 imap-login: Info: text". */
static const char *
take_zoned(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL || l->stamp_kind != STAMP_ISO || p == end ||
	    is_upper(*p) || (p = skip_zone(p, end)) == NULL || p == end ||
	    *p != ' ')
		return NULL;
	l->stamp_len = (size_t)(p - l->stamp);
	return header_take_origin(l, p + 1, end);
}

/* ---- supervisors that put their stamp before a line ---- */

/* svlogd -t, -tt, -ttt and multilog write the time in UTC; other ISO stamps
 * are as they say. NULL: none is there, or no space after it. */
static const char *
take_outer_stamp(struct logline *l, const char *p, const char *end)
{
	static const enum stamp_kind kinds[] = {STAMP_TAI64N, STAMP_SVLOGD,
						STAMP_ISO};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		l->stamp = p;
		l->stamp_kind = kinds[i];
		l->stamp_len = stamp_find_kind(kinds[i], p, end);
		if (l->stamp_len == 0)
			continue;
		p += l->stamp_len;
		return p < end && *p == ' ' ? p + 1 : NULL;
	}
	return NULL;
}

/* After what socklog writes: "mail.info: ", from the network "ADDRESS: mail.
 * info: ". rsyslog's %pri-text% may have the number, too: "mail.info<22>: ". */
static const char *
skip_socklog(const char *p, const char *end)
{
	const char *colon = memchr(p, ' ', (size_t)(end - p));
	struct addr addr;

	if (colon != NULL && colon - p >= 2 && colon[-1] == ':' &&
	    addr_parse(&addr, p, (size_t)(colon - 1 - p)) == 0)
		p = colon + 1;
	p = header_skip_priority_names(p, end);
	if (p != NULL && p < end && *p == '<')
		p = header_skip_priority(p, end);
	return p != NULL ? header_skip_word(p, end, ": ") : NULL;
}

static bool
says_zone(const struct logline *l)
{
	const char *end = l->stamp + l->stamp_len;

	if (l->stamp_len < 20 || l->stamp_kind != STAMP_ISO)
		return l->stamp_len > 0 && l->stamp_kind != STAMP_ISO;
	return end[-1] == 'Z' || strchr("+-", end[-5]) != NULL ||
	       strchr("+-", end[-6]) != NULL;
}

/* s6-log writes two spaces after a stamp like 2026-11-21 02:01:00.123456789,
 * which is local. */
static bool
is_of_s6(const struct logline *l, const char *p, const char *end)
{
	enum { LEN = 29 };

	return l->stamp_kind == STAMP_ISO && l->stamp_len == LEN &&
	       l->stamp[10] == ' ' && p < end && *p == ' ';
}

/* A line that begins here with its own stamp. The outer stamp counts if it
 * says which zone it is in. */
static const char *
take_inner(struct logline *l, const char *p, const char *end)
{
	static header_fn *const others[] = {take_zoned, header_between};
	struct logline inner = {.line = p, .line_len = (size_t)(end - p)};
	const char *text = header_syslog(&inner, p, end);

	if (text == NULL)
		text = header_take_first(&inner, others, 2, p, end);
	if (text == NULL || inner.stamp_len == 0)
		return NULL;
	inner.text = text;
	inner.text_len = (size_t)(end - text);
	if (logline_is_torn(&inner))
		return NULL;
	if (says_zone(l)) {
		inner.stamp = l->stamp;
		inner.stamp_len = l->stamp_len;
		inner.stamp_kind = l->stamp_kind;
	}
	inner.line = l->line;
	inner.line_len = l->line_len;
	*l = inner;
	return text;
}

/* Whether the outer stamp may be the only one, with or without a priority. */
static bool
is_only_stamp(struct logline *l, bool prioritized)
{
	if (l->stamp_kind == STAMP_ISO && prioritized)
		l->stamp_kind = STAMP_SVLOGD_T;
	else if (l->stamp_kind == STAMP_TAI64N ? !prioritized
					       : l->stamp_kind != STAMP_SVLOGD)
		return false;
	return stamp_find_kind(l->stamp_kind, l->stamp,
			       l->stamp + l->stamp_len) == l->stamp_len;
}

/* svlogd, multilog, s6-log, socklog:
 * "OUTER [mail.info: ]STAMP [mx ]dovecot: text". */
static const char *
take_supervised(struct logline *l, const char *p, const char *end)
{
	const char *inner = take_outer_stamp(l, p, end), *q, *text;
	bool s6 = inner != NULL && is_of_s6(l, inner, end);

	if (inner == NULL) {
		inner = p;
		l->stamp_len = 0;
	}
	inner += s6;
	q = skip_socklog(inner, end);
	if (q == NULL && inner == p)
		return NULL;
	text = take_inner(l, q != NULL ? q : inner, end);
	if (text != NULL || l->stamp_len == 0)
		return text;
	if (!s6 && !is_only_stamp(l, q != NULL))
		return NULL;
	return header_take_origin(l, q != NULL ? q : inner, end);
}

/* ---- rsyslog ---- */

/* After the tag in "dovecot[77]:,", or NULL. */
static const char *
take_tag_column(struct logline *l, const char *p, const char *end)
{
	const char *q = header_skip_tag(p, end, ',');

	l->program = p;
	l->program_len = (size_t)(q - p);
	if (q > p && q < end && *q == '[') {
		q = header_take_number(&l->pid, q + 1, end);
		if (q == NULL || q == end || *q++ != ']')
			return NULL;
	}
	return q > p ? header_skip_word(q, end, ":,") : NULL;
}

/* The template `precise' of its manual, with severity and facility first:
 * "6,2,STAMP,mx,dovecot[77]:, text". */
static const char *
take_precise(struct logline *l, const char *p, const char *end)
{
	int severity, facility;
	const char *q = header_take_number(&severity, p, end);

	if (q == NULL || q - p != 1 || severity > 7 ||
	    (p = header_skip_word(q, end, ",")) == NULL ||
	    (q = header_take_number(&facility, p, end)) == NULL || q - p > 2 ||
	    facility > 23 || (p = header_skip_word(q, end, ",")) == NULL)
		return NULL;
	l->stamp = p;
	l->stamp_len = stamp_find(p, end, &l->stamp_kind);
	if (l->stamp_len == 0 ||
	    (p = header_skip_word(p + l->stamp_len, end, ",")) == NULL)
		return NULL;
	q = header_skip_tag(p, end, ',');
	l->host = p;
	l->host_len = (size_t)(q - p);
	p = q > p ? header_skip_word(q, end, ",") : NULL;
	return p != NULL ? take_tag_column(l, p, end) : NULL;
}

/* ---- Dovecot 0.99's own log ---- */

/* imap-login: Nov 21 02:01:00 Info: Login: ann [192.0.2.7] */
static const char *
take_dovecot_099(struct logline *l, const char *p, const char *end)
{
	static const char *const names[] = {"imap-login: ", "pop3-login: "};
	const char *q;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		q = header_skip_word(p, end, names[i]);
		if (q == NULL)
			continue;
		l->program = p;
		l->program_len = strlen(names[i]) - 2;
		return header_take_stamp(l, q, end);
	}
	return NULL;
}

/* ---- RFC 5424 that lost its beginning, or was written as RFC 3164 ---- */

/* "1 2026-11-21T02:01:00Z mx dovecot 77 - - text" */
static const char *
take_versioned(struct logline *l, const char *p, const char *end)
{
	p = header_skip_word(p, end, "1 ");
	return p != NULL ? header_take_5424(l, p, end) : NULL;
}

/* A name without delimiters, and the space after it. */
static const char *
take_bare_tag(struct logline *l, const char *p, const char *end)
{
	const char *q = header_skip_tag(p, end, ' ');

	l->program = p;
	l->program_len = (size_t)(q - p);
	return q > p && q < end && *q == ' ' ? q + 1 : NULL;
}

/* As take_host(), but not "imap-login:". */
static const char *
take_bare_host(struct logline *l, const char *p, const char *end)
{
	p = header_take_host(l, p, end);
	return p != NULL && p[-2] != ':' ? p : NULL;
}

/* "2026-11-21T02:01:00Z mx dovecot 77 - - text", also with "-" for the pid:
 * sysklogd 2.7 writes its files so. */
static const char *
take_unversioned(struct logline *l, const char *p, const char *end)
{
	const char *start = p, *q;
	int pid;

	p = header_take_stamp(l, p, end);
	if (p == NULL || l->stamp_kind != STAMP_ISO ||
	    (p = take_bare_host(l, p, end)) == NULL ||
	    (p = take_bare_tag(l, p, end)) == NULL)
		return NULL;
	q = p < end && *p == '-' ? p + 1 : header_take_number(&pid, p, end);
	if (q == NULL || q == end || *q != ' ')
		return NULL;
	return header_take_5424(l, start, end);
}

/* "STAMP mx dovecot[77] text", "STAMP mx dovecot text": what rsyslog makes of
 * a message in RFC 5424 when it writes the traditional format. */
static const char *
take_bare(struct logline *l, const char *p, const char *end)
{
	const char *q;

	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = take_bare_host(l, p, end)) == NULL)
		return NULL;
	q = header_skip_tag(p, end, ' ');
	if (q == p || q == end)
		return NULL;
	if (*q == ' ')
		return take_bare_tag(l, p, end);
	l->program = p;
	l->program_len = (size_t)(q - p);
	if (*q != '[' || (q = header_take_number(&l->pid, q + 1, end)) == NULL)
		return NULL;
	return header_skip_word(q, end, "] ");
}

/* ---- all of them ---- */

const char *
header_around(struct logline *l, const char *p, const char *end)
{
	static header_fn *const forms[] = {
	    header_between,  take_metalog,   take_weekday,     take_zoned,
	    take_supervised, take_versioned, take_dovecot_099, take_precise,
	};

	return header_take_first(l, forms, sizeof(forms) / sizeof(forms[0]), p,
				 end);
}

const char *
header_bare(struct logline *l, const char *p, const char *end)
{
	static header_fn *const forms[] = {take_unversioned, take_bare};

	return header_take_first(l, forms, sizeof(forms) / sizeof(forms[0]), p,
				 end);
}
