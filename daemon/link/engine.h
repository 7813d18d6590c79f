/*
 * engine: what Valkey and Redis are asked, and what their answers mean.
 */
#ifndef DAEMON_LINK_ENGINE_H
#define DAEMON_LINK_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/streamid.h"

struct connection;
struct resp_value;

enum {
	/* Entries of each stream in one answer: without a limit it would have
	 * all of them. */
	ENGINE_READ_COUNT = 50,
	/* How long XREAD waits for an entry. The engine looks at its clock
	 * every 100 ms. */
	ENGINE_BLOCK_MS = 1000,
	ENGINE_ANSWER_MS = 3000, /* for an answer; one to XREAD waits in
				    addition */
};

/* ---- questions ---- */

/* user and password may be NULL. */
void engine_hello(struct connection *, const char *user, const char *password);
void engine_info(struct connection *, const char *key);

struct engine_addition {
	const char *key;
	bool create; /* a stream, if the key does not exist */
	struct streamid id, mark;
	const void *payload, *signature;
	size_t payload_len, signature_len;
};
void engine_append(struct connection *, const struct engine_addition *);
void engine_trim(struct connection *, const char *key, struct streamid mark);
/* Entries after ids[i] of keys[i]. wait: for one, if none is there. */
void engine_read(struct connection *, const char *const *keys,
		 const struct streamid *ids, size_t count, bool wait);

/* ---- answers ---- */

enum engine_error {
	ENGINE_UNKNOWN,	   /* whatever it is */
	ENGINE_LATER,	   /* loading, too many clients and so on: may end */
	ENGINE_NOT_MASTER, /* takes no writes, or not any more */
	ENGINE_FULL,	   /* maxmemory is reached */
	ENGINE_SMALLER,	   /* the id is not above the last one */
	ENGINE_EXHAUSTED,  /* there is no id above the last one */
	ENGINE_NO_KEY,	   /* there is no such stream */
	ENGINE_WRONG_TYPE, /* the key holds something else */
	ENGINE_FORBIDDEN,  /* by the ACL */
	ENGINE_NO_AUTH,	   /* no or a wrong password */
	ENGINE_CLUSTER,	   /* in cluster mode */
};

/* text: of an answer that is an error. */
enum engine_error engine_error_of(const char *text);

struct engine_greeting {
	char server[64]; /* "valkey 8.1.1", printable */
	bool master, cluster, sentinel;
};

/* 0; -1: the answer is not one to HELLO. */
int engine_read_greeting(const struct resp_value *, struct engine_greeting *);
/* The last id of a stream out of the answer to XINFO. 0, or -1. */
int engine_last_id(const struct resp_value *, struct streamid *);
/* The id out of the answer to XADD. 0, or -1. */
int engine_added_id(const struct resp_value *, struct streamid *);

/* An entry as XREAD answers it; all borrowed. */
struct engine_entry {
	const char *key;
	struct streamid id;
	bool malformed; /* not one field p and one field s, and nothing else */
	const char *payload, *signature;
	size_t payload_len, signature_len;
};

/* Calls fn for each entry from number *at on, until it returns false, and
 * counts in *at those that it took. 1: all are taken; 0: fn has stopped it;
 * -1: the answer is not one to XREAD. */
typedef bool engine_entry_fn(void *arg, const struct engine_entry *);
int engine_read_entries(const struct resp_value *, size_t *at,
			engine_entry_fn *, void *arg);

#endif
