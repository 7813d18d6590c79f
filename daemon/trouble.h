/*
 * trouble: what is wrong with a log, said when it begins and when it becomes
 * something else, not each time that it is met.
 */
#ifndef DAEMON_TROUBLE_H
#define DAEMON_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it; trouble_clear() when it is over. */
struct trouble {
	char *text;    /* as it was said; NULL: nothing is wrong */
	size_t reason; /* where in it the path begins, and why */
};

/* Says "verb path: why", unless that is what was said last. */
void trouble_say(struct trouble *, const char *verb, const char *path,
    const char *why);
void trouble_clear(struct trouble *);

bool trouble_is_said(const struct trouble *);
/* "path: why", borrowed until the next say or clear. */
const char *trouble_reason(const struct trouble *);

#endif
