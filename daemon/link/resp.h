/*
 * resp: the protocol of Valkey and Redis (RESP2), by hiredis: commands as
 * bytes, and replies out of bytes. What an engine can make us keep is bounded.
 */
#ifndef DAEMON_LINK_RESP_H
#define DAEMON_LINK_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct resp;

enum {
	/* XREAD with 63 streams and 50 entries each is far below; what is
	 * larger does not come from an engine that was asked by us. */
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

/* Takes bytes as they come. 0; -1: they are no RESP, or too many. After that,
 * only resp_free() may be called. */
int resp_feed(struct resp *, const char *bytes, size_t len, struct err *);

/* 1: *value is the next reply, for resp_value_free(); 0: none is whole yet;
 * -1: as above. */
int resp_next(struct resp *, struct resp_value **value, struct err *);
void resp_value_free(struct resp_value **);
/* Takes over what is in a value; a nil is left of it. */
struct resp_value *resp_take(struct resp_value *);

/* A command as bytes, for free(3); lens[i] is the length of words[i]. */
char *resp_command(size_t count, const char *const *words, const size_t *lens,
		   size_t *len);

/* Whether the value is the text, a status or a string. */
bool resp_is_text(const struct resp_value *, const char *text);
/* The element of a list that has names and values in turn, as HELLO and XINFO
 * answer; NULL: nothing has that name. */
const struct resp_value *resp_member(const struct resp_value *,
				     const char *name);

#endif
