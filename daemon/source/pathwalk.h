/*
 * pathwalk: walks through the directories that lead to a file, with symbolic
 * links resolved one by one.
 *
 * A change in any of them can make the path mean another file: a directory is
 * moved, a link is replaced, a permission is revoked.
 */
#ifndef DAEMON_SOURCE_PATHWALK_H
#define DAEMON_SOURCE_PATHWALK_H

#include <stdbool.h>

/* A directory, and the component of the path that is looked up in it. */
struct pathwalk_step {
	const char *directory, *next;
	/* The component can appear, disappear or be replaced: it is missing, a
	 * link, or the last one. Else it is a directory, and watching that is
	 * enough to see it move. */
	bool names;
	bool enterable; /* the directory may be searched */
};

typedef void pathwalk_step_fn(void *arg, const struct pathwalk_step *);

/* Calls fn for each directory, from the first to the last that exists. */
void pathwalk(const char *path, pathwalk_step_fn *, void *arg);

#endif
