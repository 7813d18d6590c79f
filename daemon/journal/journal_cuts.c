#include "daemon/journal/journal_cuts.h"

#include <string.h>

static char *
find_cut(struct journal_cuts *cuts, const char *stream)
{
	for (size_t i = 0; i < JOURNAL_CUTS_MAX; i++)
		if (strcmp(cuts->streams[i], stream) == 0)
			return cuts->streams[i];
	return NULL;
}

bool
journal_cuts_note(struct journal_cuts *cuts, const char *stream, bool is_cut)
{
	char *cut;

	if (cuts->count == 0 && !is_cut)
		return false;
	cut = find_cut(cuts, stream);
	if (is_cut && cut == NULL)
		strcpy(cuts->streams[cuts->count++ % JOURNAL_CUTS_MAX], stream);
	else if (!is_cut && cut != NULL)
		*cut = '\0';
	return cut != NULL;
}

bool
journal_cuts_take(struct journal_cuts *cuts, const struct journal_entry *e)
{
	char stream[JOURNAL_STREAM_MAX];

	return journal_entry_stream(e, stream) &&
	       journal_cuts_note(cuts, stream, journal_entry_is_cut(e));
}
