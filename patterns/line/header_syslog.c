/*
 * header_syslog: what syslog daemons write: RFC 3164, as it is found in files,
 * and RFC 5424.
 */
#include "patterns/line/header.h"
#include "patterns/line/peek.h"

#include <stdbool.h>
#include <string.h>

/* Longer than any that was seen. */
enum { TAG_MAX = 128, HOST_MAX = 255, NAME_MAX_5424 = 255 };

/* The bytes of a host's name or address. The set is narrow on purpose:
 * Dovecot's own log has no host, but may begin with "auth(NAME,", and what a
 * stranger put after a space in NAME must not become the tag. */
static const bool host_bytes[256] = {
    ['%'] = true, ['-' ... ':'] = true, ['@' ... 'Z'] = true,
    ['_'] = true, ['a' ... 'z'] = true,
};

/* Marks the bytes that end a tag: '[', ':' and what is not printable. */
static inline uint64_t
tag_ends(uint64_t w)
{
	return swar_not_graphic(w) | swar_equal(w, '[') | swar_equal(w, ':');
}

static inline const char *
skip_tag(const char *p, const char *end)
{
	const char *start = p;
	uint64_t first, second;

	for (; end - p >= 16 && p - start < TAG_MAX; p += 16) {
		first = tag_ends(swar_load(p));
		second = tag_ends(swar_load(p + 8));
		if ((first | second) == 0)
			continue;
		p += first != 0 ? 0 : 8;
		return p + swar_first(first != 0 ? first : second);
	}
	if (end - start > TAG_MAX)
		end = start + TAG_MAX;
	while (p != end && *p > ' ' && *p < 0x7f && *p != '[' && *p != ':')
		p++;
	return p;
}

/* Reads "program: " or "program[pid]: ", whose name ends at q. If the text is
 * empty, the space may be missing. */
static inline const char *
take_tag(struct logline *l, const char *p, const char *q, const char *end)
{
	l->program = p;
	l->program_len = (size_t)(q - p);
	if (q == p || q == end)
		return NULL;
	if (*q == '[') {
		q = header_take_number(&l->pid, q + 1, end);
		if (q == NULL || q == end || *q++ != ']')
			return NULL;
	}
	if (end - q >= 2)
		return q[0] == ':' && q[1] == ' ' ? q + 2 : NULL;
	return end - q == 1 && *q == ':' ? q + 1 : NULL;
}

/* Reads a host and the space after it. Linux calls a host without a name
 * "(none)". */
static inline const char *
take_host(struct logline *l, const char *p, const char *end)
{
	const char *q = p;

	while (q < end && host_bytes[(unsigned char)*q] && q - p < HOST_MAX)
		q++;
	if (q == p && (q = header_skip_word(p, end, "(none)")) == NULL)
		return NULL;
	if (q == end || *q != ' ')
		return NULL;
	l->host = p;
	l->host_len = (size_t)(q - p);
	return q + 1;
}

static bool
is_one_of(const char *p, size_t len, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == len && memcmp(p, *names, len) == 0)
			return true;
	return false;
}

static const char *const severities[] = {"emerg", "alert", "crit",    "err",
					 "error", "warn",  "warning", "notice",
					 "info",  "debug", NULL};

/* The end of text like "mail.info" at p, or NULL. AIX has a colon there. */
static const char *
skip_priority_names(const char *p, const char *end)
{
	static const char *const facilities[] = {
	    "kern",   "user",	"mail",	  "daemon", "auth",	"syslog",
	    "lpr",    "news",	"uucp",	  "cron",   "authpriv", "ftp",
	    "local0", "local1", "local2", "local3", "local4",	"local5",
	    "local6", "local7", NULL};
	const char *q = p, *dot;

	while (q < end &&
	       ((*q >= 'a' && *q <= 'z') || (*q >= '0' && *q <= '7')))
		q++;
	dot = q;
	if (q == end || (*q != '.' && *q != ':'))
		return NULL;
	for (q++; q < end && *q >= 'a' && *q <= 'z'; q++)
		;
	if (!is_one_of(p, (size_t)(dot - p), facilities) ||
	    !is_one_of(dot + 1, (size_t)(q - dot - 1), severities))
		return NULL;
	return q;
}

/* After "info": some templates write the severity before the tag. */
static const char *
skip_severity(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q >= 'a' && *q <= 'z')
		q++;
	return is_one_of(p, (size_t)(q - p), severities) ? q : NULL;
}

/* The end of the same host's name at p, or NULL. One of the two names may lack
 * its domain: rsyslog drops it, and nginx does not. */
static const char *
skip_host_again(const struct logline *l, const char *p, const char *end)
{
	const char *q = p, *rest;
	size_t len, shorter;

	while (q < end && host_bytes[(unsigned char)*q] && q - p < HOST_MAX)
		q++;
	len = (size_t)(q - p);
	shorter = len < l->host_len ? len : l->host_len;
	if (shorter == 0 || memcmp(p, l->host, shorter) != 0)
		return NULL;
	rest = len > shorter ? p + shorter : l->host + shorter;
	return len == l->host_len || *rest == '.' ? q : NULL;
}

/* Skips what busybox' syslogd (facility and severity), templates (the severity)
 * and nginx (the host again) write between host and tag, with its space. NULL:
 * there is nothing of that. */
static const char *
skip_addition(const struct logline *l, const char *p, const char *end)
{
	const char *q = skip_priority_names(p, end);

	if (q == NULL)
		q = skip_severity(p, end);
	if (q == NULL)
		q = skip_host_again(l, p, end);
	return q != NULL && q < end && *q == ' ' ? q + 1 : NULL;
}

/* Reads "program[pid]: " after a host, and perhaps an addition. */
static inline const char *
take_tag_of_host(struct logline *l, const char *p, const char *end)
{
	const char *q = skip_tag(p, end);

	if (q == end || *q != ' ')
		return take_tag(l, p, q, end);
	p = skip_addition(l, p, end);
	return p != NULL ? take_tag(l, p, skip_tag(p, end), end) : NULL;
}

/* Reads "host program[pid]: " or "program[pid]: ". */
static inline const char *
take_origin(struct logline *l, const char *p, const char *end)
{
	const char *q = skip_tag(p, end), *text;

	if (q < end && *q != ' ' && (text = take_tag(l, p, q, end)) != NULL)
		return text;
	p = take_host(l, p, end);
	return p != NULL ? take_tag_of_host(l, p, end) : NULL;
}

/* Solaris puts "[ID 702911 mail.info] " before the text. */
static const char *
skip_message_id(const char *p, const char *end)
{
	const char *q = header_skip_word(p, end, "[ID ");
	int id;

	if (q == NULL || (q = header_take_number(&id, q, end)) == NULL ||
	    q == end || *q != ' ')
		return p;
	q = skip_priority_names(q + 1, end);
	if (q == NULL || (q = header_skip_word(q, end, "] ")) == NULL)
		return p;
	return q;
}

/* The end of text like "<22>" at p, or NULL. */
static const char *
skip_priority(const char *p, const char *end)
{
	int priority;
	const char *q = header_take_number(&priority, p + 1, end);

	if (q == NULL || q - p > 4 || q == end || *q != '>' || priority > 191)
		return NULL;
	return q + 1;
}

/* Reads one field of RFC 5424 and the space after it; "-" is an empty field. */
static const char *
take_field(const char **field, size_t *field_len, const char *p,
	   const char *end)
{
	const char *q = p;

	while (q != end && *q > ' ' && *q < 0x7f && q - p < NAME_MAX_5424)
		q++;
	if (q == p || q == end || *q != ' ')
		return NULL;
	*field = p;
	*field_len = q - p == 1 && *p == '-' ? 0 : (size_t)(q - p);
	return q + 1;
}

/* The end of the name of a structured data element or parameter, or NULL. */
static const char *
skip_data_name(const char *p, const char *end)
{
	const char *q = p;

	while (q != end && *q > ' ' && *q < 0x7f && *q != '=' && *q != ']' &&
	       *q != '"')
		q++;
	return q > p ? q : NULL;
}

/* The end of a quoted value, in which '\\' escapes the next byte, or NULL. */
static const char *
skip_data_value(const char *p, const char *end)
{
	if (p == end || *p != '"')
		return NULL;
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && ++p == end)
			return NULL;
	return p < end ? p + 1 : NULL;
}

/* The end of "-" or of "[id name="value" ...][...]", or NULL. */
static const char *
skip_data(const char *p, const char *end)
{
	if (p < end && *p == '-')
		return p + 1;
	if (p == end || *p != '[')
		return NULL;
	while (p < end && *p == '[') {
		p = skip_data_name(p + 1, end);
		while (p != NULL && p < end && *p == ' ') {
			p = skip_data_name(p + 1, end);
			if (p == NULL || p == end || *p != '=')
				return NULL;
			p = skip_data_value(p + 1, end);
		}
		if (p == NULL || p == end || *p++ != ']')
			return NULL;
	}
	return p;
}

/*
 * Reads what follows "<22>1 ": stamp, host, program, pid, message id and
 * structured data. rsyslog keeps the space after an RFC 3164 tag, so that the
 * message may begin with one more space.
 */
static const char *
take_5424(struct logline *l, const char *p, const char *end)
{
	const char *pid, *id, *q;
	size_t pid_len, id_len;

	p = header_take_stamp(l, p, end);
	if (p == NULL ||
	    (p = take_field(&l->host, &l->host_len, p, end)) == NULL ||
	    (p = take_field(&l->program, &l->program_len, p, end)) == NULL ||
	    (p = take_field(&pid, &pid_len, p, end)) == NULL ||
	    (p = take_field(&id, &id_len, p, end)) == NULL ||
	    (p = skip_data(p, end)) == NULL || l->program_len == 0)
		return NULL;
	if (header_take_number(&l->pid, pid, pid + pid_len) != pid + pid_len)
		l->pid = 0; /* in RFC 5424 it may be any name */
	if (p == end)
		return p;
	if (*p++ != ' ')
		return NULL;
	q = header_skip_word(p, end, "\xef\xbb\xbf"); /* byte order mark */
	if (q != NULL)
		return q;
	return p < end && *p == ' ' ? p + 1 : p;
}

static const char *
take_line(struct logline *l, const char *p, const char *end)
{
	const char *q;

	if (*p == '<') {
		p = skip_priority(p, end);
		if (p == NULL)
			return NULL;
		q = header_skip_word(p, end, "1 ");
		if (q != NULL)
			return take_5424(l, q, end);
	}
	p = header_take_stamp(l, p, end);
	if (p != NULL)
		p = take_origin(l, p, end);
	return p != NULL ? skip_message_id(p, end) : NULL;
}

/* ---- consecutive lines ---- */

/* Stamps of these two kinds are known by their form: any digits make one. */
static inline void
keep_digits(struct linestart *start, const struct logline *l)
{
	size_t i;

	memset(start->digits, 0, sizeof(start->digits));
	if (l->stamp_kind != STAMP_ISO && l->stamp_kind != STAMP_TRADITIONAL)
		return;
	for (i = 0; i < l->stamp_len; i++)
		if (start->bytes[i] >= '0' && start->bytes[i] <= '9')
			start->digits[i] = -1;
}

/* Remembers how a line begins, up to the space after its host. Without a host,
 * more than these bytes decides what is the tag, so nothing is remembered. */
static inline void
keep_start(struct linestart *start, const struct logline *l, const char *p)
{
	start->len = 0;
	if (l->host_len == 0 || l->stamp != p)
		return;
	start->host_at = (size_t)(l->host - p);
	start->len = start->host_at + l->host_len + 1;
	if (start->len > sizeof(start->bytes) ||
	    start->len < sizeof(sixteen)) {
		start->len = 0;
		return;
	}
	memcpy(start->bytes, p, start->len);
	keep_digits(start, l);
	start->host_len = l->host_len;
	start->stamp_len = l->stamp_len;
	start->stamp_kind = l->stamp_kind;
}

const char *
header_syslog_next(struct logline *l, struct linestart *start, const char *p,
		   const char *end)
{
	const char *text;

	l->header = HEADER_SYSLOG;
	if (!peek_starts_alike(start, p, (size_t)(end - p))) {
		text = take_line(l, p, end);
		if (text != NULL)
			keep_start(start, l, p);
		return text;
	}
	l->stamp = p;
	l->stamp_len = start->stamp_len;
	l->stamp_kind = start->stamp_kind;
	l->host = p + start->host_at;
	l->host_len = start->host_len;
	text = take_tag_of_host(l, p + start->len, end);
	return text != NULL ? skip_message_id(text, end) : NULL;
}

/* ---- the parts, for header_around.c ---- */

const char *
header_syslog(struct logline *l, const char *p, const char *end)
{
	return p < end ? take_line(l, p, end) : NULL;
}

const char *
header_take_origin(struct logline *l, const char *p, const char *end)
{
	return take_origin(l, p, end);
}

const char *
header_take_host(struct logline *l, const char *p, const char *end)
{
	return take_host(l, p, end);
}

const char *
header_take_tag_of_host(struct logline *l, const char *p, const char *end)
{
	return take_tag_of_host(l, p, end);
}

const char *
header_take_5424(struct logline *l, const char *p, const char *end)
{
	return take_5424(l, p, end);
}

const char *
header_skip_priority(const char *p, const char *end)
{
	return skip_priority(p, end);
}

const char *
header_skip_priority_names(const char *p, const char *end)
{
	return skip_priority_names(p, end);
}

const char *
header_skip_severity(const char *p, const char *end)
{
	return skip_severity(p, end);
}

const char *
header_skip_tag(const char *p, const char *end, char stop)
{
	const char *q = skip_tag(p, end);
	const char *early = memchr(p, stop, (size_t)(q - p));

	return early != NULL ? early : q;
}
