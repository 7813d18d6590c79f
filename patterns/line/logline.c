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

/*
 * Whether a stamp of the line's own kind begins in p..end. Colons are rare, so
 * candidates are found by the one between hours and minutes. A stamp without
 * colons (multilog's) is found by its first byte.
 */
static bool
holds_stamp(const struct logline *l, const char *p, const char *end)
{
	const char *colon = memchr(l->stamp, ':', l->stamp_len), *q = p;
	char mark = colon != NULL ? ':' : *l->stamp;
	ptrdiff_t at = colon != NULL ? colon - l->stamp : 0;

	while ((q = memchr(q, mark, (size_t)(end - q))) != NULL) {
		if (q - p >= at &&
		    stamp_find_kind(l->stamp_kind, q - at, end) != 0)
			return true;
		q++;
	}
	return false;
}

bool
logline_is_torn(const struct logline *l)
{
	const char *p = l->text, *end = l->text + l->text_len;

	if (l->text_len == 0 || l->stamp_len == 0)
		return false;
	/* XMail's text is the whole line, with its stamp. */
	p = l->stamp >= p && l->stamp < end ? l->stamp + l->stamp_len : p + 1;
	return holds_stamp(l, p, end);
}
