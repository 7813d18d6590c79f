/*
 * journal_open: the words after "journal:" (source_journal.h), the journal of
 * the entries that they select, and places in it.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_OPEN_H
#define DAEMON_JOURNAL_JOURNAL_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sd_journal;

enum { JOURNAL_WORDS_MAX = 64 };
struct journal_spec {
	const char *directory;		/* NULL: this machine's; in text, */
	char *words[JOURNAL_WORDS_MAX]; /* the spec, which is split in place */
	char *text;
	size_t nwords;
	bool selected; /* the administrator said who writes */
};

/* Takes a whole spec apart, "journal:" included. -1: it has too many words; it
 * is to be cleared even then. */
int journal_spec_parse(struct journal_spec *, const char *spec, struct err *);
void journal_spec_clear(struct journal_spec *);

/*
 * Opens the journal: the entries that the words select, or all. The caller
 * closes it, also after -1. Each thread that reads opens one for itself. The
 * spec is borrowed only until this returns.
 */
int journal_open_matching(const struct journal_spec *, struct sd_journal **,
			  struct err *);

/* Where to begin: after the entry of this cursor; if it is NULL, at the first
 * entry at this time or later; if that is 0, too, at the oldest. */
struct journal_begin {
	const char *cursor;
	uint64_t usec;
};
/* Seeks there; the entry of the cursor may come first, or not, as after
 * sd_journal_seek_cursor(3). Below 0: an error of libsystemd. */
int journal_seek(struct sd_journal *, const struct journal_begin *);
/* Whether the current entry is that of the cursor. After "journalctl --flush"
 * it has another number in another file, but not another time and content. */
bool journal_is_at(struct sd_journal *, const char *cursor);

/* The selection, for a journal that was opened by other means. */
int journal_add_matches(const struct journal_spec *, struct sd_journal *,
			struct err *);

#endif
