#include "tools/top/counts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
    {"pid", offsetof(struct top_counts, pid)},
    {"started", offsetof(struct top_counts, started)},
    {"addresses", offsetof(struct top_counts, addresses)},
    {"lines", offsetof(struct top_counts, lines)},
    {"logins", offsetof(struct top_counts, logins)},
    {"stale", offsetof(struct top_counts, stale)},
    {"refused", offsetof(struct top_counts, refused)},
    {"doubtful", offsetof(struct top_counts, doubtful)},
    {"granted", offsetof(struct top_counts, granted)},
    {"renewed", offsetof(struct top_counts, renewed)},
    {"expired", offsetof(struct top_counts, expired)},
    {"evicted", offsetof(struct top_counts, evicted)},
    {"removed", offsetof(struct top_counts, removed)},
    {"publishes", offsetof(struct top_counts, publishes)},
    {"publish_failures", offsetof(struct top_counts, publish_failures)},
    {"left_out", offsetof(struct top_counts, left_out)},
    {"map_replaced", offsetof(struct top_counts, map_replaced)},
    {"events", offsetof(struct top_counts, events)},
};

static void
set(struct top_counts *counts, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0)
			*(uint64_t *)((char *)counts + keys[i].offset) =
			    strtoull(value, NULL, 10);
}

int
counts_read(struct top_counts *counts, char *answer)
{
	char *at, *line, *value;

	memset(counts, 0, sizeof(*counts));
	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		value = strchr(line, ' ');
		if (value == NULL)
			continue;
		*value++ = '\0';
		set(counts, line, value);
	}
	return counts->pid != 0 ? 0 : -1;
}

uint64_t
counts_changes(const struct top_counts *c)
{
	return c->granted + c->renewed + c->expired + c->evicted + c->removed;
}

bool
counts_restarted(const struct top_counts *before, const struct top_counts *now)
{
	return before->pid != now->pid || before->started != now->started ||
	       before->lines > now->lines || before->events > now->events;
}
