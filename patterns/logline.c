#include "patterns/logline.h"

#include "patterns/header.h"

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

/* Tried in this order: what is written most comes first. */
static header_fn *const headers[] = {
    header_syslog, header_dovecot, header_qpopper, header_xmail, header_form,
};

const char *const *
header_names(void)
{
	return names;
}

int
logline_parse(struct logline *out, const char *line, size_t len)
{
	const char *end = line + len, *text;
	size_t i;

	if (len == 0)
		return -1;
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		out->host = NULL;
		out->host_len = 0;
		out->pid = 0;
		out->header = (enum header)i;
		text = headers[i](out, line, end);
		if (text == NULL)
			continue;
		out->line = line;
		out->line_len = len;
		out->text = text;
		out->text_len = (size_t)(end - text);
		return 0;
	}
	return -1;
}

int
logline_time(const struct logline *l, struct stampclock *clock, time_t now,
	     time_t *when)
{
	return stamp_decode(l->stamp_kind, l->stamp, l->stamp_len, clock, now,
			    when);
}
