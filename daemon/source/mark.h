/*
 * mark: what the name of a rotated log says about its age.
 */
#ifndef DAEMON_SOURCE_MARK_H
#define DAEMON_SOURCE_MARK_H

#include <stdbool.h>

enum mark_kind { NO_SIBLING, NUMBERED, DATED, MATCHED };

struct mark {
	enum mark_kind kind;
	unsigned long number; /* NUMBERED: the larger, the older */
	char date[64];	      /* DATED: the larger, the newer */
	bool unreadable;      /* compressed in an unknown way */
};

/* The order of two that are DATED; 0 if they are the same, or if they are weeks
 * of which one may belong to the year before or after. */
int mark_compare(const struct mark *, const struct mark *);

/* Parses the name of a rotated file of `base`: mail.log.1, mail.log-20261121.gz
 * or mail-20261121.log of mail.log. Never MATCHED, which is for callers whose
 * base is a pattern. */
enum mark_kind mark_of(const char *base, const char *name, struct mark *);
/* Whether it is the name of the log itself, perhaps compressed. */
bool mark_is_own(const char *base, const char *name);

/*
 * Compares the last parts of two paths, without their compression suffixes, if
 * they differ only in their digits and have enough digits for a date; 0 if not.
 * A date is more reliable than the time of change: a writer may use the old
 * file for a while longer, and a clock may be set back.
 */
int mark_compare_dates(const char *a, const char *b);
/*
 * Compares the numbers that a rotation has added to one such name in one
 * directory: < 0 of mail-20261129.log.2 and mail-20261129.log.1, or of that and
 * mail-20261129.log. 0 if they are not such names. Both paths must be of now,
 * since another rotation changes the number.
 */
int mark_compare_numbers(const char *a, const char *b);

/* Whether the last parts of two paths differ only in what a rotation changes or
 * adds: digits, what separates them, and compression suffixes. */
bool mark_is_family(const char *a, const char *b);

/* The last part of a path. */
const char *mark_last_part(const char *path);

#endif
