#include "tools/gateway/comparison.h"

#include <stdint.h>
#include <string.h>

#include "maps/string_map.h"
#include "tools/gateway/string_set.h"

struct making {
	struct comparison *comparison;
	const struct string_set *keys, *domains;
};

/* A key that no list of recipients has, such as one without @, counts as its
 * own domain. */
static void
note_domain(struct making *making, const char *key, size_t len)
{
	const char *at = memchr(key, '@', len);
	const char *domain = at != NULL ? at + 1 : key;
	size_t domain_len = len - (size_t)(domain - key);

	if (making->domains != NULL &&
	    !string_set_has(making->domains, domain, domain_len))
		string_set_add(making->comparison->lost, domain, domain_len);
}

static void
take_key(void *arg, const char *key, size_t len)
{
	struct making *making = arg;
	struct comparison *comparison = making->comparison;

	comparison->present++;
	if (comparison->keys != NULL)
		string_set_add(comparison->keys, key, len);
	if (string_set_has(making->keys, key, len))
		return;
	comparison->gone++;
	note_domain(making, key, len);
}

int
comparison_make(struct comparison *comparison, const struct string_map *map,
		const struct string_set *keys, const struct string_set *domains,
		bool keep_keys, struct err *err)
{
	struct making making = {
	    .comparison = comparison, .keys = keys, .domains = domains};
	int code;

	*comparison = (struct comparison){.lost = string_set_new()};
	if (keep_keys)
		comparison->keys = string_set_new();
	code = string_map_read(map, take_key, &making, err);
	comparison->exists = code > 0;
	/* Each present key that is not gone is one of the new ones. */
	comparison->added =
	    string_set_count(keys) + comparison->gone - comparison->present;
	string_set_sort(comparison->lost);
	return code < 0 ? -1 : 0;
}

void
comparison_clear(struct comparison *comparison)
{
	string_set_free(&comparison->lost);
	string_set_free(&comparison->keys);
}

size_t
comparison_gone(const struct string_set *before, const struct string_set *now)
{
	size_t gone = 0;

	for (size_t i = 0; i < string_set_count(before); i++) {
		const char *entry = string_set_at(before, i);

		gone += !string_set_has(now, entry, strlen(entry));
	}
	return gone;
}

bool
comparison_shrinks(size_t gone, size_t present, size_t max_shrink)
{
	/* Both products fit: there are fewer than 2^32 of either. */
	return (uint64_t)gone * 100 > (uint64_t)present * max_shrink;
}
