/*
 * secondstamp: stamps that are a number of seconds, which no zone can change.
 */
#ifndef PATTERNS_LINE_SECONDSTAMP_H
#define PATTERNS_LINE_SECONDSTAMP_H

#include <stddef.h>
#include <time.h>

#include "patterns/line/stamp_kind.h"

/* The length of a stamp of this kind at p, without a fraction; 0: there is no
 * such stamp. The kind is STAMP_TAI64N or STAMP_UNIX. */
size_t secondstamp_find(enum stamp_kind, const char *p, const char *end);

/* Decodes a stamp that secondstamp_find() found. 0 and *when, or -1. */
int secondstamp_decode(enum stamp_kind, const char *stamp, time_t *when);

#endif
