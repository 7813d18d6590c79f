#include "patterns/line/logline.h"

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
