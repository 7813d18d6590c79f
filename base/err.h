/*
 * err: the reason why something failed, for the caller who can report it.
 *
 * A function that can fail has a struct err * as its last parameter. On failure
 * it fills it in and returns -1 or NULL. Only daemon/ and tools/ print it. A
 * message says what failed, on which object, and why:
 * "hash:/var/lib/x/map: rename: No space left on device".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char text[512];
};

/* Formats the reason, truncated if it is too long. Always returns -1. */
int err_set(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "fmt...: " before the current reason. Always returns -1. */
int err_prefix(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
