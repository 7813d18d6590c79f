/*
 * header: the forms in which log lines begin.
 *
 * Each form is one function. It is handed a line that is not empty, with
 * header, line and line_len filled in, and either fills in stamp, host,
 * program and pid and returns where the text begins, or returns NULL: the line
 * is not of this form. It goes from the left, byte by byte, and never
 * searches. A new form is a function here, a name in enum header and a row in
 * logline.c's table.
 */
#ifndef PATTERNS_HEADER_H
#define PATTERNS_HEADER_H

#include "patterns/logline.h"

typedef const char *header_fn(struct logline *, const char *p,
    const char *end);

header_fn header_syslog;  /* header_syslog.c */
header_fn header_dovecot; /* these in header_own.c */
header_fn header_qpopper;
header_fn header_xmail;

/* Steps that the forms share. Each returns where it ended, or NULL. */
const char *header_take_stamp(struct logline *, const char *p,
    const char *end); /* and the space behind it */
const char *header_take_number(int *, const char *p,
    const char *end); /* decimal, at least one digit */

#endif
