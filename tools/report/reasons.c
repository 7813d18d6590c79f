#include "tools/report/reasons.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char OTHERS[] = "other reasons";

static struct reason *
find(struct reasons *reasons, const char *text)
{
	for (size_t i = 0; i < reasons->count; i++)
		if (strcmp(reasons->list[i].text, text) == 0)
			return &reasons->list[i];
	return NULL;
}

void
reasons_add(struct reasons *reasons, const char *text)
{
	struct reason *reason = find(reasons, text);

	reasons->lines++;
	if (reason == NULL && reasons->count >= REASONS_MAX) {
		text = OTHERS;
		reason = find(reasons, text);
	}
	if (reason == NULL) {
		reason = &reasons->list[reasons->count++];
		reason->text = alloc_string(text);
	}
	reason->lines++;
}

static int
compare(const void *a, const void *b)
{
	const struct reason *one = a, *other = b;

	if (one->lines != other->lines)
		return one->lines < other->lines ? 1 : -1;
	return strcmp(one->text, other->text);
}

void
reasons_sort(struct reasons *reasons)
{
	qsort(reasons->list, reasons->count, sizeof(*reasons->list), compare);
}

void
reasons_clear(struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->count; i++)
		free(reasons->list[i].text);
	*reasons = (struct reasons){0};
}
