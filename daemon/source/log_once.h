/*
 * log_once: what is wrong with a log, said when it begins and when it becomes
 * something else, not each time that it is met.
 */
#ifndef DAEMON_SOURCE_LOG_ONCE_H
#define DAEMON_SOURCE_LOG_ONCE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it; log_once_clear() when it is over. */
struct log_once {
	char *text;    /* as it was said; NULL: nothing is wrong */
	size_t reason; /* where in it the path begins, and why */
};

/* Says "verb path: why", unless that is what was said last. */
void log_once_say(struct log_once *, const char *verb, const char *path,
    const char *why);
void log_once_clear(struct log_once *);

bool log_once_is_logged(const struct log_once *);
/* "path: why", borrowed until the next say or clear. */
const char *log_once_reason(const struct log_once *);

#endif
