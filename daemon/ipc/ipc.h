/*
 * ipc: what the worker and the keeper say to each other, and how.
 *
 * A pair of SOCK_SEQPACKET sockets: each packet is one message, whole. The
 * keeper believes no packet that it has not checked: whoever wrote it may have
 * been taken over by a line in a log. Both are the same program, so that the
 * form may change from version to version.
 *
 * The worker asks, one thing at a time:
 *
 *	REPLACE map, count; ROWS ...; END	the map is these rows
 *	APPLY map, count; ROWS ...; END		these rows of it change
 *	SAVE; BYTES ...; END			the checkpoint is these bytes
 *	CLEAR map				the map is empty
 *	INTACT map				is it still what we wrote?
 *
 * and the keeper gives one ANSWER to each, code and text. END with a code that
 * is not 0 takes back what was begun. Without an answer: READY, said once,
 * and PONG, the answer to a PING. A PING may hold addresses whose time is over
 * as the keeper sees it; the PONG says of those what the worker knows of
 * them. LOG: the log of our own was opened anew, and its descriptor comes with it.
 * RELOAD: the configuration is to be read again; a descriptor may come with it,
 * of the log that it names. RELOADED says what became of that: code 0, it is used
 * from here on; else it was refused.
 *
 * The worker also asks the helper (daemon/sys/helper.h), by packets of the
 * same form: RUN has the arguments of a command, a NUL after each, and in code
 * its time limit in milliseconds. The answer is OUTPUT, as often as needed, and
 * one RESULT, with what the command printed; the code of RESULT is its exit
 * code, or -1 if it did not run. The id of an answer is that of its request.
 */
#ifndef DAEMON_IPC_IPC_H
#define DAEMON_IPC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct err;

enum { IPC_VERSION = 1, IPC_ROWS_MAX = 400, IPC_BYTES_MAX = 16000 };

enum ipc_type {
	/* the worker's */
	IPC_REPLACE = 1, IPC_APPLY, IPC_SAVE, IPC_ROWS,
	IPC_BYTES, IPC_END, IPC_CLEAR, IPC_INTACT,
	IPC_READY, IPC_PONG, IPC_RELOADED,
	/* the keeper's */
	IPC_ANSWER, IPC_PING, IPC_RELOAD, IPC_LOG,
	/* between the worker and the helper */
	IPC_RUN, IPC_OUTPUT, IPC_RESULT
};

struct ipc_row {
	struct addr addr;
	uint8_t present; /* 0: it goes, or is not there */
	int64_t when;	 /* the login, seconds since the epoch */
	int64_t expires; /* steady milliseconds, the same clock for both */
};

struct ipc_packet {
	uint8_t version, type;
	uint16_t map;	/* which one, as configured */
	uint32_t count; /* rows or bytes in it; REPLACE, APPLY: rows to come */
	int32_t code;	/* of END and ANSWER */
	uint32_t id;	/* of RUN, OUTPUT and RESULT: the request; else 0 */
	union {
		struct ipc_row rows[IPC_ROWS_MAX];
		char bytes[IPC_BYTES_MAX];
	} body;
};

/* Zeroes the head. */
void ipc_begin(struct ipc_packet *, enum ipc_type);

/* Whether `len` bytes are a message of that version: its type is known and its
 * length is what its count says. */
bool ipc_check(const struct ipc_packet *, size_t len);

/* Both ends, close-on-exec. 0, or -1. */
int ipc_open(int ends[2], struct err *);

/* Sends it, and the descriptor `passed` if that is not -1. wait: until there is
 * room for it. 1 sent, 0 no room, -1: err. */
int ipc_send(int end, const struct ipc_packet *, int passed, bool wait,
    struct err *);

/* 1: a message, checked; 0: none is there (never with wait); -1: err: nonsense; -2:
 * the other end is closed. passed: gets the descriptor that came with
 * it, or -1; NULL: none is taken. */
int ipc_receive(int end, struct ipc_packet *, int *passed, bool wait,
    struct err *);

#endif
