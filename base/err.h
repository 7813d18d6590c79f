/*
 * err: the reason why something failed, carried back to who can say it.
 *
 * Functions that can fail take a struct err * last, fill it, and return -1
 * (or NULL). Only daemon/ and tools/ print it. A message says what was
 * tried, on what, why: "hash:/var/lib/x/map: rename: No space left on device".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char text[512];
};

/* Formats the reason; truncates silently. Always returns -1. */
int err_set(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "fmt...: " before the reason that is there. Always returns -1. */
int err_prefix(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
