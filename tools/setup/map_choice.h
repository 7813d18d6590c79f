/*
 * map_choice: which map suits this machine, where the settings name none.
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

/* conf: with the map that the daemon would keep by default. */
void map_choose(struct map_choice *, const struct conf *,
		const struct postconf *);
void map_choice_clear(struct map_choice *);

#endif
