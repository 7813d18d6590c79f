/*
 * map_choice: chooses a map for this machine if the configuration names none.
 */
#ifndef TOOLS_SETUP_MAP_CHOICE_H
#define TOOLS_SETUP_MAP_CHOICE_H

#include <stdbool.h>

struct conf;
struct postconf;

struct map_choice {
	char *dbfile;
	char *why;
	bool memory; /* the map is in RUN_DIR, not on a disk */
};

/* conf names the map that the daemon keeps by default. */
void map_choose(struct map_choice *, const struct conf *,
		const struct postconf *);
void map_choice_clear(struct map_choice *);

#endif
