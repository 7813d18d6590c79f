#include "daemon/journal/journal_tags.h"

#include <string.h>

#include "base/hash.h"

/* A tag is in one of so many places beside each other, which its bytes choose;
 * whoever knows how could make others' entries slow to read, and no more. */
enum { WAYS = 4 };

static struct journal_tag *
places_of(struct journal_tags *tags, const char *tag, size_t len)
{
	return &tags->list[hash_bytes(0, tag, len) * WAYS % JOURNAL_TAGS_MAX];
}

bool
journal_tags_ignored(struct journal_tags *tags, const char *tag, size_t len)
{
	struct journal_tag *place, *free_place = NULL;

	if (len == 0 || len > JOURNAL_TAG_BYTES)
		return false;
	place = places_of(tags, tag, len);
	for (int i = 0; i < WAYS; i++) {
		if (place[i].len == len && memcmp(place[i].name, tag, len) == 0)
			return place[i].ignored;
		if (place[i].len == 0 && free_place == NULL)
			free_place = &place[i];
	}
	if (free_place == NULL)
		free_place = &place[tags->replaced++ % WAYS];
	free_place->len = len;
	free_place->ignored = false;
	memcpy(free_place->name, tag, len);
	return false;
}

void
journal_tags_ask(struct journal_tags *tags,
		 bool (*ignores)(void *arg, const char *tag, size_t len),
		 void *arg)
{
	struct journal_tag *tag = tags->list, *end = tag + JOURNAL_TAGS_MAX;

	for (; tag < end; tag++)
		if (tag->len > 0)
			tag->ignored = ignores(arg, tag->name, tag->len);
}

void
journal_tags_add(struct journal_tags *tags, const struct journal_tags *other)
{
	const struct journal_tag *tag = other->list;

	for (; tag < other->list + JOURNAL_TAGS_MAX; tag++)
		journal_tags_ignored(tags, tag->name, tag->len);
}
