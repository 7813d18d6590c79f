/*
 * resp: the protocol of Valkey and Redis (RESP2), by hiredis: formats commands
 * and parses replies. The memory that a reply can make us use is bounded.
 */
#ifndef DAEMON_LINK_RESP_H
#define DAEMON_LINK_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct resp;

enum {
	/* XREAD with 63 streams and 50 entries each is far below. No engine
	 * sends more in reply to our commands. */
	RESP_BYTES_MAX = 32 * 1024 * 1024, /* of a reply */
	RESP_LIST_MAX = 4096,		   /* elements of one list */
};

enum resp_type {
	RESP_TEXT = 1, /* a string or a status */
	RESP_ERROR,    /* the text is the engine's */
	RESP_INTEGER,
	RESP_NIL,
	RESP_LIST
};

struct resp_value {
	enum resp_type type;
	int64_t integer;
	char *text; /* of RESP_TEXT and RESP_ERROR; ends with a NUL, too */
	size_t len; /* of text, or the number of values in list */
	struct resp_value **list;
};

struct resp *resp_new(void);
void resp_free(struct resp **);

/* Accepts received bytes. 0; -1: they are not RESP, or too many. After that,
 * only resp_free() may be called. */
int resp_feed(struct resp *, const char *bytes, size_t len, struct err *);

/* 1: *value is the next reply, for resp_value_free(); 0: none is complete yet;
 * -1: as above. */
int resp_next(struct resp *, struct resp_value **value, struct err *);
void resp_value_free(struct resp_value **);
/* Takes over the contents of a value, which becomes a nil. */
struct resp_value *resp_take(struct resp_value *);

/* A command as bytes, for free(3); lens[i] is the length of words[i]. */
char *resp_command(size_t count, const char *const *words, const size_t *lens,
		   size_t *len);

/* Whether the value is the text, a status or a string. */
bool resp_is_text(const struct resp_value *, const char *text);
/* The element with this name in a list of alternating names and values, as in
 * replies to HELLO and XINFO; NULL: no such name. */
const struct resp_value *resp_member(const struct resp_value *,
				     const char *name);

#endif
