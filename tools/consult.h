/*
 * consult: what does the daemon itself say? Runs `pop-before-smtp FLAG...`,
 * the one beside this program or else the installed one, until it ends.
 */
#ifndef TOOLS_CONSULT_H
#define TOOLS_CONSULT_H

#include <stddef.h>

struct err;

/*
 * flags end with NULL; input goes to its standard input. 0 and *said, what it
 * wrote to standard output, to be freed; 1: there is no such program to ask;
 * -1: it failed, err has the last thing that it said on standard error.
 */
int consult(const char *const *flags, const char *input, size_t len,
    char **said, struct err *);

#endif
