/*
 * Headers of syslog with something between the stamp and the tag, as some
 * syslog daemons and templates write them. Part of header_around.c.
 */
#include "patterns/line/header.h"

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

/* After "mail.info" or "2.6". */
static const char *
skip_bsd_priority(const char *p, const char *end)
{
	int facility, severity;
	const char *q = header_take_number(&facility, p, end);

	if (q == NULL)
		return header_skip_priority_names(p, end);
	if (q - p > 2 || facility > 23 || q == end || *q++ != '.')
		return NULL;
	p = q;
	q = header_take_number(&severity, p, end);
	return q != NULL && q - p == 1 && severity <= 7 ? q : NULL;
}

/* BSD's syslogd -v and -vv: "STAMP <mail.info> mx dovecot[77]: text". */
static const char *
take_bsd(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL || p == end || *p != '<')
		return NULL;
	p = skip_bsd_priority(p + 1, end);
	if (p == NULL || (p = header_skip_word(p, end, "> ")) == NULL)
		return NULL;
	return header_take_origin(l, p, end);
}

/* The same without brackets, or the severity alone, as templates write it:
 * "STAMP mail.info mx dovecot[77]: text". */
static const char *
take_prioritized(struct logline *l, const char *p, const char *end)
{
	const char *q;

	p = header_take_stamp(l, p, end);
	if (p == NULL)
		return NULL;
	q = header_skip_priority_names(p, end);
	if (q == NULL)
		q = header_skip_severity(p, end);
	if (q == NULL || q == end || *q != ' ' ||
	    (p = header_take_host(l, q + 1, end)) == NULL)
		return NULL;
	return header_take_tag_of_host(l, p, end);
}

/* A relay's address before the host: "STAMP 198.51.100.2 mx dovecot[77]: ". */
static const char *
take_relayed(struct logline *l, const char *p, const char *end)
{
	struct addr addr;

	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = header_take_host(l, p, end)) == NULL ||
	    addr_parse(&addr, l->host, l->host_len) != 0 ||
	    (p = header_take_host(l, p, end)) == NULL ||
	    p[-2] == ':') /* that was a tag */
		return NULL;
	return header_take_tag_of_host(l, p, end);
}

/* RFC 5424 after another header, as FreeBSD 12 wrote it:
 * "STAMP mx 1 2026-11-21T02:01:00Z mx dovecot 77 - - text". */
static const char *
take_double(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = header_take_host(l, p, end)) == NULL)
		return NULL;
	if (p < end && *p == '<' && (p = header_skip_priority(p, end)) == NULL)
		return NULL;
	p = header_skip_word(p, end, "1 ");
	return p != NULL ? header_take_5424(l, p, end) : NULL;
}

/* ---- other systems ---- */

/* AIX: "STAMP mx mail:info dovecot[77]: text". */
static const char *
take_aix(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = header_take_host(l, p, end)) == NULL ||
	    (p = header_skip_priority_names(p, end)) == NULL ||
	    (p = header_skip_word(p, end, " ")) == NULL)
		return NULL;
	return header_take_tag_of_host(l, p, end);
}

/* What AIX sends to another host, as that writes it:
 * "STAMP Message forwarded from mx: dovecot[77]: text". */
static const char *
take_aix_forwarded(struct logline *l, const char *p, const char *end)
{
	p = header_take_stamp(l, p, end);
	if (p == NULL ||
	    (p = header_skip_word(p, end, "Message forwarded from ")) == NULL ||
	    (p = header_take_host(l, p, end)) == NULL || l->host_len < 2 ||
	    p[-2] != ':')
		return NULL;
	l->host_len--;
	return header_take_tag_of_host(l, p, end);
}

/* After "Info", or NULL. */
static const char *
skip_asl_level(const char *p, const char *end)
{
	static const char *const levels[] = {"Emergency", "Alert",   "Critical",
					     "Error",	  "Warning", "Notice",
					     "Info",	  "Debug"};
	const char *q = NULL;

	for (size_t i = 0; q == NULL && i < sizeof(levels) / sizeof(levels[0]);
	     i++)
		q = header_skip_word(p, end, levels[i]);
	return q;
}

/* macOS, format "std" of ASL: "STAMP mx dovecot[77] <Info>: text". */
static const char *
take_asl(struct logline *l, const char *p, const char *end)
{
	const char *q;

	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = header_take_host(l, p, end)) == NULL)
		return NULL;
	q = header_skip_tag(p, end, ' ');
	l->program = p;
	l->program_len = (size_t)(q - p);
	if (q == p || q == end || *q != '[' ||
	    (q = header_take_number(&l->pid, q + 1, end)) == NULL ||
	    (q = header_skip_word(q, end, "] <")) == NULL ||
	    (q = skip_asl_level(q, end)) == NULL)
		return NULL;
	return header_skip_word(q, end, ">: ");
}

/* OpenWrt's logread -t, whose own stamp may have got an envelope's in its place:
 * "Sat Nov 21 02:01:00 2026 [1795226460.123] mail.info dovecot[77]: text". */
static const char *
take_logread(struct logline *l, const char *p, const char *end)
{
	size_t len;

	p = header_take_stamp(l, p, end);
	if (p == NULL || (p = header_skip_word(p, end, "[")) == NULL)
		return NULL;
	len = stamp_find_kind(STAMP_UNIX, p, end);
	if (len == 0 || (p = header_skip_word(p + len, end, "] ")) == NULL ||
	    (p = header_skip_priority_names(p, end)) == NULL ||
	    (p = header_skip_word(p, end, " ")) == NULL)
		return NULL;
	return header_take_origin(l, p, end);
}

/* ---- all of them ---- */

const char *
header_between(struct logline *l, const char *p, const char *end)
{
	static header_fn *const forms[] = {
	    take_prioritized, take_bsd,		  take_relayed, take_double,
	    take_aix,	      take_aix_forwarded, take_asl,	take_logread,
	};

	return header_take_first(l, forms, sizeof(forms) / sizeof(forms[0]), p,
				 end);
}
