/*
 * told: addresses of which something has been logged, so that each is logged
 * once, and so that no number of them can fill the log.
 */
#ifndef DAEMON_PIPELINE_TOLD_H
#define DAEMON_PIPELINE_TOLD_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct told;

/* Remembers `most' of them. Once there are so many, others are not logged until
 * an hour after the first: then all are forgotten. */
struct told *told_new(size_t most);
void told_free(struct told **);

enum telling {
	TELL_NOT,  /* it was logged before, or too many others were */
	TELL,	   /* it is logged for the first time */
	TELL_LAST, /* so it is, and it is the last one within the hour */
};

/* about: what is logged of the address, if that may be one thing or another;
 * NULL: it is always the same. now: seconds of a steady clock. */
enum telling told_next(struct told *, const struct addr *, const char *about,
		       int64_t now);

#endif
