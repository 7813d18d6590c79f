/*
 * worst_case: lines as long as a line may be, of the kind that is dearest to match:
 * one place of a sample filled with what an expression goes over again and
 * again.
 */
#ifndef PATTERNS_CHECK_WORST_CASE_H
#define PATTERNS_CHECK_WORST_CASE_H

#include <stdbool.h>
#include <stddef.h>

/* line is borrowed until it returns. true: no more of them. */
typedef bool worst_case_fn(void *arg, const char *line, size_t len);

/* Fills bytes begin to end of a line with each piece of the line before them
 * and behind them, with delimiters and with letters. true: fn had enough. */
bool worst_case(const char *line, size_t len, size_t begin, size_t end,
    worst_case_fn *, void *arg);

#endif
