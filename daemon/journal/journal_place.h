/*
 * journal_place: the place of an entry in a journal, in libsystemd's order, as
 * its cursors give it.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_PLACE_H
#define DAEMON_JOURNAL_JOURNAL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

enum { JOURNAL_ID_BYTES = 16 };

struct journal_place {
	/* Files of one sequence share one numbering of entries. */
	unsigned char sequence[JOURNAL_ID_BYTES], boot[JOURNAL_ID_BYTES];
	uint64_t number;    /* in the sequence */
	uint64_t monotonic; /* us since the boot */
	uint64_t usec;	    /* us since the epoch */
	uint64_t hash;	    /* of the fields */
};

/* Below 0: a comes first; 0: they are the same entry. Numbers count most, then
 * the time since the same boot, then the time of day: what came after a clock
 * was set back still comes later. */
int journal_place_compare(const struct journal_place *a,
			  const struct journal_place *b);

/* Convert a cursor, as of sd_journal_get_cursor(3), to a place and back. False:
 * it is not the cursor of an entry. The caller frees the new cursor. */
bool journal_place_parse(struct journal_place *, const char *cursor);
char *journal_place_cursor(const struct journal_place *);

#endif
