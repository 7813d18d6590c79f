/*
 * log_once: logs a problem with a log file when it begins or changes, not each
 * time it is met.
 */
#ifndef DAEMON_SOURCE_LOG_ONCE_H
#define DAEMON_SOURCE_LOG_ONCE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialize it; call log_once_clear() when the problem is over. */
struct log_once {
	char *text;    /* the last message; NULL: there is no problem */
	size_t reason; /* the offset in it of "path: why" */
};

/* Logs "verb path: why" as a warning, unless it was the last message. */
void log_once_warning(struct log_once *, const char *verb, const char *path,
		      const char *why);
void log_once_clear(struct log_once *);

/* Whether a problem has been logged and is not over. */
bool log_once_is_logged(const struct log_once *);
/* "path: why" of that problem, borrowed until the next warning or clear. */
const char *log_once_reason(const struct log_once *);

#endif
