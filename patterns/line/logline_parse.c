/*
 * logline_parse: takes a line apart by whichever header it has.
 */
#include "patterns/line/header.h"

/* By enum header, in the order in which they are tried. Syslog's, which is the
 * most frequent, comes first and is tried by name. */
static header_fn *const headers[] = {
    NULL, header_dovecot, header_qpopper, header_xmail, header_form,
};

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
