/*
 * journal_open: the words after "journal:" (source_journal.h), and the journal
 * of the entries that they select.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_OPEN_H
#define DAEMON_JOURNAL_JOURNAL_OPEN_H

#include <stdbool.h>
#include <stddef.h>

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

/* The selection, for a journal that was opened by other means. */
int journal_add_matches(const struct journal_spec *, struct sd_journal *,
			struct err *);

#endif
