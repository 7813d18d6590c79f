#include "daemon/journal/journal_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/journal/journal_words.h"

static const char SPEC[] = "journal:";

int
journal_spec_parse(struct journal_spec *s, const char *spec, struct err *err)
{
	static const char blanks[] = " \t";
	char *at = NULL, *word;

	*s = (struct journal_spec){.text = alloc_string(spec)};
	word = strtok_r(s->text + strlen(SPEC), blanks, &at);
	if (word != NULL && *word == '/') {
		s->directory = word;
		word = strtok_r(NULL, blanks, &at);
	}
	for (; word != NULL; word = strtok_r(NULL, blanks, &at)) {
		if (s->nwords == JOURNAL_WORDS_MAX)
			return err_set(err, "journal: more than %d matches",
				       JOURNAL_WORDS_MAX);
		s->words[s->nwords++] = word;
	}
	s->selected = journal_words_name_writer(s->words, s->nwords);
	return 0;
}

void
journal_spec_clear(struct journal_spec *s)
{
	free(s->text);
	*s = (struct journal_spec){0};
}

static int
open_all(const struct journal_spec *s, sd_journal **journal, struct err *err)
{
	/* Not only the system's: what a service writes that runs as a user is
	 * in the journal of that user. */
	int result = s->directory != NULL
			 ? sd_journal_open_directory(journal, s->directory, 0)
			 : sd_journal_open(journal, SD_JOURNAL_LOCAL_ONLY);

	if (result < 0) {
		*journal = NULL;
		return err_set(err, "journal: open: %s", strerror(-result));
	}
	sd_journal_set_data_threshold(*journal, 0);
	return 0;
}

/* Adds one word of journalctl(1)'s syntax. */
static int
add_match(sd_journal *journal, const char *word, struct err *err)
{
	int result = strcmp(word, "+") == 0
			 ? sd_journal_add_disjunction(journal)
			 : sd_journal_add_match(journal, word, 0);

	if (result == -EINVAL)
		return err_set(err, "journal: '%s' is not FIELD=VALUE", word);
	if (result < 0)
		return err_set(err, "journal: %s: %s", word, strerror(-result));
	return 0;
}

int
journal_add_matches(const struct journal_spec *s, sd_journal *journal,
		    struct err *err)
{
	for (size_t i = 0; i < s->nwords; i++)
		if (add_match(journal, s->words[i], err) != 0)
			return -1;
	return 0;
}

int
journal_seek(sd_journal *journal, const struct journal_begin *begin)
{
	if (begin->cursor != NULL &&
	    sd_journal_seek_cursor(journal, begin->cursor) >= 0)
		return 0;
	if (begin->usec > 0)
		return sd_journal_seek_realtime_usec(journal, begin->usec);
	return sd_journal_seek_head(journal);
}

bool
journal_is_at(sd_journal *journal, const char *cursor)
{
	static const char boot[] = ";b=";
	const char *wanted = strstr(cursor, boot), *here;
	char *current;
	bool same;

	if (sd_journal_get_cursor(journal, &current) < 0)
		return false;
	here = strstr(current, boot);
	same = wanted != NULL && here != NULL && strcmp(wanted, here) == 0;
	free(current);
	return same;
}

int
journal_open_matching(const struct journal_spec *s, sd_journal **journal,
		      struct err *err)
{
	if (open_all(s, journal, err) != 0)
		return -1;
	return journal_add_matches(s, *journal, err);
}
