#include "daemon/journal/journal_past.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/cut_streams.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_reader.h"

/* A line has fewer parts. */
enum { PAST_ENTRIES = 16 };

/* A service that has not written yet has no entry either, but mostly it is
 * misspelt. */
static void
warn_absent(sd_journal *past, const char *word)
{
	bool bare = strstr(word, "_UNIT=") != NULL && strchr(word, '.') == NULL;

	if (strcmp(word, "+") == 0)
		return;
	sd_journal_flush_matches(past);
	if (sd_journal_add_match(past, word, 0) < 0 ||
	    sd_journal_seek_head(past) < 0 || sd_journal_next(past) != 0)
		return;
	log_warning("journal: no entry so far has %s%s", word,
		    bare ? "; names of units end in .service" : "");
}

static void
warn_of_absent(sd_journal *past, const struct journal_spec *spec)
{
	for (size_t i = 0; i < spec->nwords; i++)
		warn_absent(past, spec->words[i]);
}

/* ---- lines that go on ---- */

/* The field that the name of a stream of this kind begins with. */
static const char *
field_of(char kind)
{
	switch (kind) {
	case JOURNAL_CONTAINER:
		return "CONTAINER_ID_FULL";
	case JOURNAL_NAMED:
		return "CONTAINER_NAME";
	default:
		return "_STREAM_ID";
	}
}

/* Whether the last entry of the stream before the beginning was cut. */
static bool
ends_cut(struct journal_reader *r, sd_journal *past,
	 const struct journal_begin *begin, const char *stream)
{
	char match[CUT_STREAMS_NAME + 16];
	const char *number = strrchr(stream, ' ');

	if (number == NULL)
		return false;
	sd_journal_flush_matches(past);
	snprintf(match, sizeof(match), "%s=%.*s", field_of(number[1]),
		 (int)(number - stream), stream);
	sd_journal_add_match(past, match, 0);
	snprintf(match, sizeof(match), "%s=%s",
		 number[1] == JOURNAL_PROCESS ? "_PID" : "PRIORITY",
		 number + 2);
	sd_journal_add_match(past, match, 0);
	journal_seek(past, begin);
	return sd_journal_previous(past) > 0 &&
	       journal_read_entry(past, r->entry) &&
	       journal_entry_is_cut(r->entry);
}

/* Takes note of the entry that was read last. */
static void
note(struct journal_reader *r, struct cut_streams *cuts)
{
	char stream[CUT_STREAMS_NAME];

	if (journal_entry_stream(r->entry, stream))
		cut_streams_note(cuts, stream, journal_entry_is_cut(r->entry));
}

/* Among all that were ever cut, which are few. */
static void
find_cuts(sd_journal *past, struct journal_reader *r,
	  const struct journal_begin *begin, struct cut_streams *cuts)
{
	sd_journal_flush_matches(past);
	sd_journal_add_match(past, "_LINE_BREAK=nul", 0);
	sd_journal_add_match(past, "_LINE_BREAK=line-max", 0);
	sd_journal_add_match(past, "_LINE_BREAK=pid-change", 0);
	sd_journal_add_disjunction(past);
	sd_journal_add_match(past, "CONTAINER_PARTIAL_MESSAGE=true", 0);
	journal_seek(past, begin);
	while (cuts->pending < CUT_STREAMS_MAX && sd_journal_previous(past) > 0)
		if (journal_read_entry(past, r->entry) &&
		    (r->spec->selected || journal_entry_is_server(r->entry)))
			note(r, cuts);
	for (size_t i = 0; i < CUT_STREAMS_MAX; i++)
		if (cuts->names[i][0] != '\0' &&
		    !ends_cut(r, past, begin, cuts->names[i]))
			cut_streams_remove(cuts, cuts->names[i]);
}

/* ---- lines before ---- */

static void
hand_out_lines(sd_journal *journal, struct journal_reader *r,
	       const struct journal_begin *begin,
	       const struct journal_past *past)
{
	const char *line;
	struct err err;
	int back = 0;
	size_t len;

	sd_journal_flush_matches(journal);
	if (journal_add_matches(r->spec, journal, &err) == 0)
		journal_seek(journal, begin);
	while (back < PAST_ENTRIES && sd_journal_previous(journal) > 0)
		back++;
	for (; back > 0; back--) {
		if (journal_read_entry(journal, r->entry) &&
		    journal_entry_line(r->entry, true, &line, &len))
			past->line(past->arg, line, len);
		if (sd_journal_next(journal) <= 0)
			break;
	}
}

/* ---- all of it ---- */

int
journal_past_look(sd_journal *journal, struct journal_reader *r,
		  const struct journal_begin *begin,
		  const struct journal_past *past, struct cut_streams *cuts,
		  struct err *err)
{
	warn_of_absent(journal, r->spec);
	if (begin->cursor != NULL || begin->usec > 0) {
		find_cuts(journal, r, begin, cuts);
		if (r->spec->nwords > 0 && past->line != NULL)
			hand_out_lines(journal, r, begin, past);
	}
	sd_journal_flush_matches(journal);
	return journal_add_matches(r->spec, journal, err);
}
