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

/* Parses the name of a rotated file of `base`: mail.log.1, mail.log-20261121.gz
 * or mail-20261121.log of mail.log. Never MATCHED, which is for callers whose
 * base is a pattern. */
enum mark_kind mark_of(const char *base, const char *name, struct mark *);

/*
 * Compares the ages that the last parts of two paths tell, without their
 * compression suffixes: < 0 if a is older, 0 if they do not tell. They do if
 * they differ only in their digits and have enough of these for a date; or if,
 * with such a date, they differ only in the number that a rotation added to
 * them in one directory: mail-20261129.log.2 is older than mail-20261129.log.1.
 * That is more reliable than the time of change: a writer may use the old file
 * for a while longer, and a clock may be set back.
 */
int mark_compare_names(const char *a, const char *b);

/* The last part of a path. */
const char *mark_last_part(const char *path);

#endif
