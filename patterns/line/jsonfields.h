/*
 * jsonfields: picks fields out of a JSON object that is one line.
 *
 * The whole line must be one object of RFC 8259; nested values are skipped. It
 * is strict, since what a stranger wrote is in one of the strings: an object
 * that ends early, or that has one of the wanted keys twice, is refused.
 */
#ifndef PATTERNS_LINE_JSONFIELDS_H
#define PATTERNS_LINE_JSONFIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct jsonfield {
	const char *key;
	const char *value; /* NULL: there is no such key */
	size_t len;
};

/*
 * Fills in the values of `fields', up to the field whose key is NULL. Strings
 * and arrays of bytes are decoded; numbers stay as they are written. The
 * values are stored in `room', of at least len bytes. False: the line is
 * refused.
 */
bool jsonfields_read(const char *line, size_t len, struct jsonfield *fields,
		     char *room);

#endif
