#include "patterns/line/logline.h"

#include "patterns/line/header.h"

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

/* Tried in this order, behind syslog's, which is written most. */
static header_fn *const headers[] = {
    NULL, header_dovecot, header_qpopper, header_xmail, header_form,
};

const char *const *
header_names(void)
{
	return names;
}

int
logline_next(struct logline *out, struct linestart *start, const char *line,
	     size_t len)
{
	const char *end = line + len, *text;
	size_t i = 0;

	if (len == 0)
		return -1;
	out->host = NULL;
	out->host_len = 0;
	out->pid = 0;
	text = header_syslog_next(out, start, line, end);
	while (text == NULL) {
		if (++i == sizeof(headers) / sizeof(headers[0]))
			return -1;
		out->host = NULL;
		out->host_len = 0;
		out->pid = 0;
		out->header = (enum header)i;
		text = headers[i](out, line, end);
	}
	out->line = line;
	out->line_len = len;
	out->text = text;
	out->text_len = (size_t)(end - text);
	return 0;
}

int
logline_parse(struct logline *out, const char *line, size_t len)
{
	struct linestart none;

	none.len = 0;
	return logline_next(out, &none, line, len);
}

int
logline_time(const struct logline *l, struct stampclock *clock, time_t now,
	     time_t *when)
{
	return stamp_decode(l->stamp_kind, l->stamp, l->stamp_len, clock, now,
			    when);
}
