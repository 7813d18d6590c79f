/*
 * summary: the numbers of a report, which its text, its JSON and its page show.
 *
 * All of it is about the logins that the daemon would have authorized. Refused
 * and doubtful lines are only counted, by reason.
 */
#ifndef TOOLS_REPORT_SUMMARY_H
#define TOOLS_REPORT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/alloc.h"
#include "tools/report/graces.h"
#include "tools/report/logins.h"
#include "tools/report/period.h"
#include "tools/report/reasons.h"
#include "tools/report/tally.h"

enum {
	SERVERS_APART = 5, /* in each part of the period; the others together */
	SHARED_MAX = 20,   /* addresses */
	SHARED_USERS = 8,  /* of one address, by name */
	GRACES_MAX = 4,	   /* 10, 30 and 60 minutes, and the configured one */
	HOURS = 24,
};

/* What was read. Zero-initialize it; summary_clear() frees what it holds. */
struct material {
	struct strings logs;	 /* as for --logfile */
	struct strings problems; /* sentences */
	bool unread;		 /* one of them is that a log was not read */
	struct logins logins;	 /* also those shortly before the period */
	struct reasons refused, doubtful;
	uint64_t lines;	     /* read, some of them from before the period */
	uint64_t headerless; /* lines without a known header */
	unsigned int ipv6_prefix;
	uint32_t grace; /* the configured one */
};

struct summary {
	struct period period;
	struct material material;
	struct tally total;
	/* By number of logins. */
	struct server_tally {
		const char *name;
		size_t len;
		struct tally tally;
	} * servers;
	size_t nservers;

	/* One after the other through the period. */
	struct interval {
		time_t begin, end;
		struct tally tally;
		/* Logins of the first servers, and of all others. */
		uint32_t servers[SERVERS_APART + 1];
		uint32_t peaks[GRACES_MAX]; /* authorized at once */
	} * parts;
	size_t nparts;
	unsigned int step;	   /* seconds of a part */
	struct tally hours[HOURS]; /* by the hour of the day */

	/* Addresses of several users, the most users first. */
	struct shared {
		const struct addr *addr;
		struct tally tally;
		time_t first, last;
		uint32_t users[SHARED_USERS]; /* numbers of names */
		size_t nusers;
	} shared[SHARED_MAX];
	size_t nshared, nshared_all; /* here, and altogether */

	struct grace graces[GRACES_MAX];
	size_t ngraces;
};

/* Computes everything from the period and the material, which it sorts. */
void summary_compute(struct summary *);
void summary_clear(struct summary *);

/* The columns of struct interval.servers that are in use. */
size_t summary_columns(const struct summary *);
/* The name of a column. */
const char *summary_column(const struct summary *, size_t column, size_t *len);

#endif
