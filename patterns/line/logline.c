#include "patterns/line/logline.h"

#include <string.h>

static const char *const names[HEADER_COUNT + 1] = {
    [HEADER_SYSLOG] = "syslog",
    [HEADER_DOVECOT] = "dovecot",
    [HEADER_QPOPPER] = "qpopper",
    [HEADER_XMAIL] = "xmail",
    [HEADER_HMAILSERVER] = "hmailserver",
    [HEADER_EXCHANGE] = "exchange",
    [HEADER_ZIMBRA] = "zimbra",
    [HEADER_STALWART] = "stalwart",
    [HEADER_NGINX] = "nginx",
    [HEADER_SMARTERMAIL] = "smartermail",
    [HEADER_MAILENABLE] = "mailenable",
    [HEADER_KERIO] = "kerio",
    [HEADER_W3C] = "w3c",
};

const char *const *
header_names(void)
{
	return names;
}

int
logline_time(const struct logline *l, struct stampclock *clock, time_t now,
	     time_t *when)
{
	return stamp_decode(l->stamp_kind, l->stamp, l->stamp_len, clock, now,
			    when);
}

/* Whether another stamp of the line's own kind is between p and end. Stamps of
 * neighbours share their first bytes: the month's name, or the century. */
static bool
holds_stamp(const struct logline *l, const char *p, const char *end)
{
	enum { SHARED = 3 };

	if (l->stamp_len < SHARED)
		return false;
	while ((p = memmem(p, (size_t)(end - p), l->stamp, SHARED)) != NULL) {
		if (stamp_find_kind(l->stamp_kind, p, end) != 0)
			return true;
		p++;
	}
	return false;
}

/* Whether the "HOST PROGRAM" of the line's own header is between p and end. */
static bool
holds_origin(const struct logline *l, const char *p, const char *end)
{
	if (l->host_len == 0 || l->host + l->host_len + 1 != l->program)
		return false;
	return memmem(p, (size_t)(end - p), l->host,
		      l->host_len + 1 + l->program_len) != NULL;
}

bool
logline_is_torn(const struct logline *l)
{
	const char *p = l->text, *end = l->text + l->text_len;

	if (l->text_len == 0)
		return false;
	/* XMail's text is the whole line, with its stamp. */
	p = l->stamp >= p && l->stamp < end ? l->stamp + l->stamp_len : p + 1;
	return holds_stamp(l, p, end) || holds_origin(l, p, end);
}
