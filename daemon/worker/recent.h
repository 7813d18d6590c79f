/*
 * recent: the newest grants and refusals, for operators who watch the daemon.
 *
 * Keeps the last RECENT_MAX of them, numbered from 1 since the start, in memory
 * that never grows.
 */
#ifndef DAEMON_WORKER_RECENT_H
#define DAEMON_WORKER_RECENT_H

#include <stdint.h>
#include <stdio.h>

struct pipeline_event;
struct recent;

enum { RECENT_MAX = 128 };

struct recent *recent_new(void);
void recent_free(struct recent **);

/* Copies the event; long texts are cut. */
void recent_add(struct recent *, const struct pipeline_event *);

/* The number of the newest event; 0: there was none yet. */
uint64_t recent_newest(const struct recent *);

/*
 * Writes the events after the one with the number since, oldest first, as lines
 *
 *	NUMBER WHEN granted ADDRESS SECONDS RULE USER
 *	NUMBER WHEN refused ADDRESS WHY RULE USER
 *
 * WHEN: wall clock, in seconds. WHY, RULE and USER are written as user names
 * are in base/listing.h; "-": unknown. If since is from before a restart of the
 * daemon, and so greater than all numbers, writes all that are kept.
 */
void recent_write(const struct recent *, uint64_t since, FILE *);

#endif
