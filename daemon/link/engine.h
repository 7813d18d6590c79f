/*
 * engine: the commands for Valkey and Redis, and the meaning of their replies.
 */
#ifndef DAEMON_LINK_ENGINE_H
#define DAEMON_LINK_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/streamid.h"

struct connection;
struct resp_value;

enum {
	/* Entries of each stream in one reply, which would otherwise have all
	 * of them. */
	ENGINE_READ_COUNT = 50,
	/* How long XREAD waits for an entry. The engine checks its clock every
	 * 100 ms. With 1 s, pbs-link would wake more than twice a second for
	 * the heartbeats of 8 hosts. */
	ENGINE_BLOCK_MS = 2000,
	ENGINE_ANSWER_MS = 3000, /* for a reply, in addition to the time that
				  * XREAD waits */
};

/* ---- questions ---- */

/* user and password may be NULL. */
void engine_hello(struct connection *, const char *user, const char *password);
void engine_info(struct connection *, const char *key);

struct engine_addition {
	const char *key;
	bool create; /* the stream, if the key does not exist */
	struct streamid id, mark;
	const void *payload, *signature;
	size_t payload_len, signature_len;
};
void engine_append(struct connection *, const struct engine_addition *);
void engine_trim(struct connection *, const char *key, struct streamid mark);
/* Reads entries after ids[i] of keys[i]. wait: blocks until there is one. */
void engine_read(struct connection *, const char *const *keys,
		 const struct streamid *ids, size_t count, bool wait);

enum engine_command { ENGINE_XINFO, ENGINE_XADD, ENGINE_XTRIM, ENGINE_XREAD };

/* "XADD pbs:pop1", for messages; for free(3). */
char *engine_command_text(enum engine_command, const char *key);
/* The rule of the engine's ACL that permits it, "~pbs:pop1 +xadd"; of other
 * hosts' streams, for all of them, "%R~pbs:* +xread". For free(3). */
char *engine_command_rule(enum engine_command, const char *key, bool own);

/* ---- answers ---- */

enum engine_error {
	ENGINE_UNKNOWN,	   /* any other */
	ENGINE_LATER,	   /* loading, too many clients and so on: temporary */
	ENGINE_NOT_MASTER, /* accepts no writes, or no longer */
	ENGINE_FULL,	   /* maxmemory is reached */
	ENGINE_SMALLER,	   /* the id is not above the last one */
	ENGINE_EXHAUSTED,  /* there is no id above the last one */
	ENGINE_NO_KEY,	   /* there is no such stream */
	ENGINE_WRONG_TYPE, /* the key holds something else */
	ENGINE_FORBIDDEN,  /* by the ACL */
	ENGINE_NO_AUTH,	   /* no password, or a wrong one */
	ENGINE_CLUSTER,	   /* in cluster mode */
};

/* text: of an error reply. */
enum engine_error engine_error_of(const char *text);

struct engine_greeting {
	char server[64]; /* "valkey 8.1.1", printable */
	bool master, cluster, sentinel;
};

/* 0; -1: the value is not a valid reply to HELLO. */
int engine_read_greeting(const struct resp_value *, struct engine_greeting *);
/* Gets the last id of a stream from the reply to XINFO. 0, or -1. */
int engine_last_id(const struct resp_value *, struct streamid *);
/* Gets the id from the reply to XADD. 0, or -1. */
int engine_added_id(const struct resp_value *, struct streamid *);

/* An entry in a reply to XREAD; all borrowed. */
struct engine_entry {
	const char *key;
	struct streamid id;
	bool malformed; /* not exactly one field p and one field s */
	const char *payload, *signature;
	size_t payload_len, signature_len;
};

/* Calls fn for each entry from number *at on until it returns false, and adds
 * to *at the number that it accepted. 1: it accepted all; 0: it stopped; -1:
 * not a valid reply to XREAD. */
typedef bool engine_entry_fn(void *arg, const struct engine_entry *);
int engine_read_entries(const struct resp_value *, size_t *at,
			engine_entry_fn *, void *arg);

#endif
