/*
 * forgery_print: a forgery that was believed, as a sample for `reject:`.
 */
#ifndef TOOLS_CHECK_FORGERY_PRINT_H
#define TOOLS_CHECK_FORGERY_PRINT_H

struct addr;
struct forgery;

/* To standard output, as comments of TAP, with what it granted. */
void forgery_print(const struct forgery *, const struct addr *granted);

#endif
