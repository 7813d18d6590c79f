/*
 * remarks: what an administrator must know about a line of a file that is
 * carried over, on standard error as "FILE:LINE: what, why".
 */
#ifndef TOOLS_POSTFIX_REMARKS_H
#define TOOLS_POSTFIX_REMARKS_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise it. */
struct remarks {
	bool incomplete; /* something was not carried over */
	bool refused;	 /* nothing may be written */
	bool muted;	 /* prints nothing, but keeps count */
};

/* A place in a file. line counts from 1; 0: the file as a whole. */
struct place {
	const char *file;
	size_t line;
};

/* It is carried over, but differs from the original in some way. */
void remark(struct remarks *, struct place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* It is not carried over. */
void remark_lost(struct remarks *, struct place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* It cannot be carried over, and without it more would be allowed. */
void remark_refused(struct remarks *, struct place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Text of a file, made printable and shortened: shown(text).text. */
struct shown {
	char text[80];
};
struct shown shown(const char *text);

#endif
