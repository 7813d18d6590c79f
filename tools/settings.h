/*
 * settings: what the daemon would run with, as it says itself.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stdbool.h>

struct err;
struct strings;

/*
 * Asks `pop-before-smtp --dumpconfig`, the one beside this program or else the
 * installed one; config NULL: with the usual file. Adds the directories of
 * patterns that are in effect. 0; 1: there is no such program to ask; -1: err
 * has what it says of the configuration.
 */
int settings_ask(const char *config, struct strings *patterns, struct err *);

/* The same without asking: the directories that are the default. */
void settings_defaults(struct strings *patterns);

#endif
