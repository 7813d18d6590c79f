/*
 * logtail: the last lines of a log.
 */
#ifndef TOOLS_DOCTOR_LOGTAIL_H
#define TOOLS_DOCTOR_LOGTAIL_H

#include <stddef.h>

/* Enough for some thousand lines, and read within milliseconds. */
enum { LOGTAIL_MAX = 512 * 1024 };

/* The last whole lines of a regular file, at most max bytes, with a final NUL;
 * to be freed. NULL: it cannot be read. */
char *logtail_read(const char *path, size_t max, size_t *len);

#endif
