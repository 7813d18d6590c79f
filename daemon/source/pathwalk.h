/*
 * pathwalk: walks through the directories that lead to a file, with symbolic
 * links resolved one by one.
 *
 * A change in any of them can make the path mean another file: a directory is
 * moved, a link is replaced, a permission is revoked. If the name of the file
 * is a pattern with '*', this also finds the links that match it, of which each
 * leads through directories of its own.
 */
#ifndef DAEMON_SOURCE_PATHWALK_H
#define DAEMON_SOURCE_PATHWALK_H

#include <stdbool.h>
#include <stddef.h>

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

/* The path with all its links resolved. Unlike for realpath(3), the file itself
 * may be missing. NULL: a directory is missing, too. The caller frees it. */
char *pathwalk_target(const char *path);

/*
 * Calls fn for each link in the directory of the pattern that matches its last
 * part; if there are many, for the PATHWALK_LINKS_MAX that were made last:
 * Kubernetes makes a link for each container, and removes it with that.
 */
enum { PATHWALK_LINKS_MAX = 16 };
typedef void pathwalk_link_fn(void *arg, const char *path);
void pathwalk_links(const char *pattern, pathwalk_link_fn *, void *arg);

/* How many of these lead to a file that this process may not read, although the
 * mode of the file allows it. Landlock knows only the directories to which
 * links led when it was set up: landlock(7). */
size_t pathwalk_denied_links(const char *pattern);
/* Whether there may be a regular file although it was not found: the disk has
 * errors, or a directory may not be searched. No event comes when that ends. */
bool pathwalk_may_exist(const char *path);
/* The reason in errno, which stays, why a file could not be opened; it names
 * the sandbox if that is the reason. Borrowed until the next strerror(3). */
const char *pathwalk_why_denied(const char *path);

#endif
