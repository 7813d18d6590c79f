/*
 * sessions: which sessions are open, and which addresses they hold.
 *
 * A session is known by a key, made of the server, the host, and the server's
 * name for the session; if it gives none, of the client's address and the
 * process that serves it. If log lines do not tell two sessions apart, these
 * share a key and are counted: as many ends are expected as there were
 * beginnings.
 *
 * Pure: no clock, no I/O. Only a session that was seen to begin can end, so a
 * forged end has no effect, and a forged end of a real session only ends it.
 * The end and the beginning of a session may be logged in the wrong order,
 * since two processes write them: the end of a session that has a name is
 * remembered for a minute.
 *
 * Bounded: no session is kept longer than it may last; when there are too many,
 * the oldest is dropped.
 */
#ifndef DAEMON_TABLE_SESSIONS_H
#define DAEMON_TABLE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/addr.h"

struct sessions;

enum {
	SESSIONS_MAX = 262144, /* sessions; some 40 MB */
	SESSIONS_ENDED_MAX =
	    1024, /* ends that came before their beginning ... */
	SESSIONS_ENDED_SECONDS = 60, /* ... wait for it this long */
};

enum session_kind {
	SESSION_COUNTED, /* host and address: several may have the same key */
	SESSION_PROCESS, /* host, address and pid */
	SESSION_NAMED	 /* the server's name for it */
};

/* The key of a session: a hash of 128 bits with secret seeds. */
struct session_key {
	uint64_t bits[2];
	enum session_kind kind;
};

/* longest: how long a session may last, in seconds. */
struct sessions *sessions_new(uint32_t longest, size_t max);
void sessions_free(struct sessions **);
void sessions_set_longest(struct sessions *, uint32_t longest);
size_t sessions_count(const struct sessions *);

/*
 * What a log line says of its session; all pointers are borrowed. Lines of the
 * same session must agree in all that is set here, so leave out what only some
 * of them name.
 */
struct session_id {
	const char *server; /* the server software, as named by the rule */
	const char *host;   /* from the header of the line */
	size_t host_len;
	const char *session; /* the server's name for it; NULL: known by pid */
	size_t session_len;
	pid_t pid;		 /* 0: unknown; used only without a session */
	const struct addr *addr; /* NULL: not part of the key */
};

struct session_key sessions_key(const struct sessions *,
				const struct session_id *);

/*
 * A session of addr began. True: it is open. False: its end came first. If
 * another session was dropped to make room, *gone is the address of that one;
 * otherwise its family is 0.
 */
bool sessions_begin(struct sessions *, const struct session_key *,
		    const struct addr *, time_t when, struct addr *gone);

/* A session ended. True: it was open, and *addr is its address. */
bool sessions_end(struct sessions *, const struct session_key *, time_t when,
		  struct addr *addr);

/* Until when the open sessions of addr can last, by the time they began; 0 if
 * it has none. */
time_t sessions_until(const struct sessions *, const struct addr *);

/* For the checkpoint: the seeds, and a walk through the sessions, oldest first:
 * start with *at = NULL; false at the end. */
struct session_row {
	struct session_key key;
	struct addr addr;
	time_t when;
	unsigned int count; /* 1, unless SESSION_COUNTED */
};
void sessions_seeds(const struct sessions *, uint64_t seeds[2]);
void sessions_set_seeds(struct sessions *, const uint64_t seeds[2]);
bool sessions_next(const struct sessions *, const void **at,
		   struct session_row *);
void sessions_restore(struct sessions *, const struct session_row *);

#endif
