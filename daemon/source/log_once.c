#include "daemon/source/log_once.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

void
log_once_warning(struct log_once *t, const char *verb, const char *path,
		 const char *why)
{
	char *text = alloc_format("%s %s: %s", verb, path, why);

	if (t->text != NULL && strcmp(t->text, text) == 0) {
		free(text);
		return;
	}
	log_warning("%s", text);
	free(t->text);
	t->text = text;
	t->reason = strlen(verb) + 1;
}

void
log_once_clear(struct log_once *t)
{
	free(t->text);
	*t = (struct log_once){0};
}

bool
log_once_is_logged(const struct log_once *t)
{
	return t->text != NULL;
}

const char *
log_once_reason(const struct log_once *t)
{
	return t->text + t->reason;
}
