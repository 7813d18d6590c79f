/*
 * forgeryout: a forgery that was believed, as a sample for `reject:`.
 */
#ifndef TOOLS_FORGERYOUT_H
#define TOOLS_FORGERYOUT_H

struct addr;
struct forgery;

/* To standard output, as comments of TAP, with what it granted. */
void forgeryout_print(const struct forgery *, const struct addr *granted);

#endif
