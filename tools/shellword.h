/*
 * shellword: a text as one word of a command line that an administrator pastes.
 */
#ifndef TOOLS_SHELLWORD_H
#define TOOLS_SHELLWORD_H

#include <stdio.h>

/* To be freed. */
char *shellword(const char *text);

void shellword_print(FILE *, const char *text);

#endif
