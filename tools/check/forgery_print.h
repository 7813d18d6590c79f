/*
 * forgery_print: prints a forgery that a rule believed, as a sample for
 * `reject:`.
 */
#ifndef TOOLS_CHECK_FORGERY_PRINT_H
#define TOOLS_CHECK_FORGERY_PRINT_H

struct addr;
struct forgery;

/* Prints it to standard output, as TAP comments. granted: the address that it
 * would authorize. */
void forgery_print(const struct forgery *, const struct addr *granted);

#endif
