#include "daemon/trouble.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

void
trouble_say(struct trouble *t, const char *verb, const char *path,
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
trouble_clear(struct trouble *t)
{
	free(t->text);
	*t = (struct trouble){0};
}

bool
trouble_is_said(const struct trouble *t)
{
	return t->text != NULL;
}

const char *
trouble_reason(const struct trouble *t)
{
	return t->text + t->reason;
}
