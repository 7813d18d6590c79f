/*
 * settings: what the daemon would run with, as it says itself.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"

struct err;

/* What of it decides whether a login authorizes. Zero-initialise it. */
struct settings {
	struct strings patterns, enable, exclude, maps;
	uint32_t grace; /* seconds */
	bool mynetworks;
};

/*
 * Asks `pop-before-smtp --dumpconfig`; config NULL: with the usual file. 0;
 * 1: there is no such program to ask; -1: err has what it says of the
 * configuration.
 */
int settings_load(const char *config, struct settings *, struct err *);
void settings_clear(struct settings *);

/* The same, but only the directories of patterns, which are added. */
int settings_ask(const char *config, struct strings *patterns, struct err *);

/* The same without asking: the directories that are the default. */
void settings_defaults(struct strings *patterns);

#endif
