/*
 * pathwalk: the directories on the way to a file, links resolved one by one.
 *
 * A name can come to mean another file by a change in any of them: a directory
 * moved, a link switched, a permission taken.
 */
#ifndef DAEMON_SOURCE_PATHWALK_H
#define DAEMON_SOURCE_PATHWALK_H

#include <stdbool.h>

/*
 * One directory, and the part of the way that is looked up in it. names: the
 * part may come, go or be switched by itself, as it is a link, missing, or the
 * last; else it is a directory, whose own moving says it. enterable: the
 * directory may be searched.
 */
struct pathwalk_step {
	const char *directory, *next;
	bool names, enterable;
};

typedef void pathwalk_step_fn(void *arg, const struct pathwalk_step *);

/* Calls fn from the first directory to the last that is there. */
void pathwalk(const char *path, pathwalk_step_fn *, void *arg);

#endif
