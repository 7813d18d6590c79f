/*
 * listed: which files of a log were there before, whether they were read or not.
 * Whether a file has come or changed since then does not depend on the clock,
 * which may be set.
 */
#ifndef DAEMON_SOURCE_LISTED_H
#define DAEMON_SOURCE_LISTED_H

#include <stdbool.h>
#include <stddef.h>

struct rotated;
struct rotation;

/* Zero-initialize it. */
struct listed {
	struct listed_file *list; /* the newest last */
	size_t count;
};

/* These files are there, and are read if they need be, except those that are
 * waiting for it. A file that is not there any more may come back, as when a
 * mount has hidden it. */
void listed_note(struct listed *, const struct rotation *,
		 const bool waiting[]);
/*
 * 1 if the file has come or changed since, 0 if not; -1: nothing tells. No file
 * of its device was there, and the disk may have been mounted since; or the file
 * has come with the time of one that was there, as a copy has; or it has come
 * compressed, so that it is an old one.
 */
int listed_changed(const struct listed *, const struct rotated *);
void listed_clear(struct listed *);

#endif
