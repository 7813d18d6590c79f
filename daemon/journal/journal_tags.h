/*
 * journal_tags: the tags of the entries that were read so far, and which of
 * them need not be read, because no rule is for that program.
 *
 * If there are more tags than it has room for, some are forgotten, and their
 * entries are read in vain. Zero-initialize it; it may be copied.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_TAGS_H
#define DAEMON_JOURNAL_JOURNAL_TAGS_H

#include <stdbool.h>
#include <stddef.h>

enum { JOURNAL_TAGS_MAX = 128, JOURNAL_TAG_BYTES = 48 };

struct journal_tag {
	size_t len; /* 0: none */
	bool ignored;
	char name[JOURNAL_TAG_BYTES];
};
struct journal_tags {
	struct journal_tag list[JOURNAL_TAGS_MAX];
	size_t replaced; /* how often one took another's place */
};

/* Whether the entries of this tag need not be read. False, and remembered, if
 * nobody has been asked about it yet. */
bool journal_tags_ignored(struct journal_tags *, const char *tag, size_t len);

/* Asks about all of them; about those it asked before, too, since the rules may
 * have changed. */
void journal_tags_ask(struct journal_tags *,
		      bool (*ignores)(void *arg, const char *tag, size_t len),
		      void *arg);

/* Remembers all that another one does. */
void journal_tags_add(struct journal_tags *, const struct journal_tags *other);

#endif
