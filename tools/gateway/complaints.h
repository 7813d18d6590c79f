/*
 * complaints: what is wrong with the lines of a file, for the administrator:
 *
 *	recipients.txt:7: no @: "not an address"
 *
 * Text of a file is made printable and shortened. Only the first lines are
 * shown, then a count, so that a file of the wrong kind does not flood the
 * terminal.
 */
#ifndef TOOLS_GATEWAY_COMPLAINTS_H
#define TOOLS_GATEWAY_COMPLAINTS_H

#include <stddef.h>
#include <stdio.h>

struct complaints {
	FILE *out;
	const char *file;
	size_t count;
};

enum { COMPLAINTS_SHOWN = 10 };

/* line counts from 1. why: what is wrong. text: the line or a part of it. */
void complaint(struct complaints *, size_t line, const char *why,
	       const char *text, size_t len);
/* Reports how many were not shown, if any. */
void complaints_end(const struct complaints *);

#endif
