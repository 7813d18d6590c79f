/*
 * tabfile: reads the TAB files of XMail 1.27 by its own rules (StrUtils.cpp).
 *
 * A line whose first byte is `#' is a comment. Lines end with LF or CR LF. A
 * line is split at TABs first, several in a row being one, also between quotes.
 * Then a field that begins with `"' goes on to the next `"' without a backslash
 * before it; `\"' is a quote, and what follows the second quote is dropped.
 */
#ifndef TOOLS_XMAIL_TABFILE_H
#define TOOLS_XMAIL_TABFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/postfix/remarks.h"

struct err;

enum { TABLINE_FIELDS = 16 }; /* further ones are dropped */

struct tabline {
	struct place place;
	const char *fields[TABLINE_FIELDS]; /* those that are missing: "" */
	size_t count;
	/* XMail reads no further than 511 bytes or a NUL: the fields may be
	 * shorter than they look in the file. */
	bool cut;
};

struct tabfile;

/* 1 and *out; 0: there is no such file, *out is NULL; -1: see err. What is not
 * a regular file cannot be read. */
int tabfile_open(struct tabfile **out, const char *path, struct err *);
void tabfile_close(struct tabfile **);

/* The next line with fields; false at the end. It is valid until the next call,
 * but its place until the file is closed. */
bool tabfile_next(struct tabfile *, struct tabline *);

#endif
