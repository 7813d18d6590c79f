/*
 * worst_case: makes lines that take the most steps to match: samples of the
 * greatest length, in which one place is filled with text that makes an
 * expression backtrack.
 */
#ifndef PATTERNS_CHECK_WORST_CASE_H
#define PATTERNS_CHECK_WORST_CASE_H

#include <stdbool.h>
#include <stddef.h>

/* The line is borrowed. Returning true ends the search. */
typedef bool worst_case_fn(void *arg, const char *line, size_t len);

/* Replaces the bytes begin to end of a line by repetitions of what comes before
 * or after them in the line, of delimiters and of letters, and calls fn for
 * each result. true: fn returned true. */
bool worst_case(const char *line, size_t len, size_t begin, size_t end,
    worst_case_fn *, void *arg);

#endif
