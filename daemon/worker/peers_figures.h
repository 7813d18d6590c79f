/*
 * peers_figures: what is known of other hosts and of the connections to the
 * engine, for `pbsctl peers', and in numbers for status and metrics.
 *
 * The answer to `pbsctl peers' has these lines; NAME and STREAM have no blank:
 *
 *	connection write|read UP SINCE TEXT	UP 1: connected, and TEXT names
 *				the engine; 0: why not. SINCE: epoch seconds
 *	published STREAM LOGINS
 *	host NAME ENTRIES RECORDS ADDRESSES MISSING AHEAD HEARD CURSOR
 *				AHEAD: seconds that its clock is ahead of ours;
 *				HEARD: so many seconds ago; -1: never
 *	refused NAME COUNT REASON	of that host
 */
#ifndef DAEMON_WORKER_PEERS_FIGURES_H
#define DAEMON_WORKER_PEERS_FIGURES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/peers/peer_entry.h"

struct inbox;
struct outbox;

struct peers_connection {
	bool up;
	int64_t since;	/* epoch seconds */
	char text[512]; /* printable */
};

struct peers_figures {
	const struct inbox *inbox; /* borrowed, like all below */
	struct outbox *outbox;	   /* NULL: nothing is published */
	const char *stream;	   /* of the outbox */
	const struct peers_connection *write, *read; /* NULL: not needed */
	struct peers_time now;
};

void peers_figures_write_answer(const struct peers_figures *, FILE *);
/* "key value" lines. */
void peers_figures_write_status(const struct peers_figures *, FILE *);
/* In the form of daemon/metrics/exposition.h. */
void peers_figures_write_metrics(const struct peers_figures *, FILE *);

#endif
