#include "patterns/logline.h"

#include "patterns/header.h"

static const char *const names[HEADER_COUNT + 1] = {
    [HEADER_SYSLOG] = "syslog",
    [HEADER_DOVECOT] = "dovecot",
    [HEADER_QPOPPER] = "qpopper",
    [HEADER_XMAIL] = "xmail",
};

/* Tried in this order: what is written most comes first. */
static header_fn *const headers[HEADER_COUNT] = {
    [HEADER_SYSLOG] = header_syslog,
    [HEADER_DOVECOT] = header_dovecot,
    [HEADER_QPOPPER] = header_qpopper,
    [HEADER_XMAIL] = header_xmail,
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
	int i;

	if (len == 0)
		return -1;
	for (i = 0; i < HEADER_COUNT; i++) {
		out->host = NULL;
		out->host_len = 0;
		out->pid = 0;
		text = headers[i](out, line, end);
		if (text == NULL)
			continue;
		out->header = (enum header)i;
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
