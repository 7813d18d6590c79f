#include "patterns/line/header.h"

const char *
header_take_short(int *number, const char *p, const char *end)
{
	char text[8] = {0};

	memcpy(text, p, (size_t)(end - p));
	end = header_take_number(number, text, text + sizeof(text));
	return end != NULL ? p + (end - text) : NULL;
}

const char *
header_take_first(struct logline *l, header_fn *const *forms, size_t count,
		  const char *p, const char *end)
{
	const char *text = NULL;
	size_t i;

	l->header = HEADER_SYSLOG;
	for (i = 0; text == NULL && i < count; i++) {
		l->host_len = l->program_len = l->stamp_len = 0;
		l->pid = 0;
		text = forms[i](l, p, end);
	}
	return text;
}
