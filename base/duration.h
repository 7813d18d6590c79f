/*
 * duration: parses "1800", "30m", "2h" or "1d" to seconds.
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

/* 0 and *seconds (1 second to 10 years), or -1: not a duration. */
int duration_parse(const char *text, uint32_t *seconds);

#endif
