/*
 * ipc: the messages between the worker, the keeper and the helper.
 *
 * They go over pairs of SOCK_SEQPACKET sockets, so each packet is one message.
 * The keeper checks every packet, as a log line may have taken over the process
 * that sent it. Both ends are the same program, so the format may change from
 * version to version.
 *
 * The worker makes one request at a time:
 *
 *	REPLACE map, count; ROWS ...; END	the map is to hold these rows
 *	APPLY map, count; ROWS ...; END		these rows of it have changed
 *	SAVE; BYTES ...; END			the checkpoint is these bytes
 *	METRICS; BYTES ...; END			the file of metrics is these bytes
 *	CLEAR map				empty the map
 *	INTACT map				is it still what we wrote?
 *	COUNTS					what has the keeper counted?
 *
 * and the keeper replies to each with one ANSWER, which has a code and a text;
 * after COUNTS, struct ipc_counts in the place of the text.
 * END with a code other than 0 withdraws the request. There is no ANSWER to the
 * worker's other messages: READY, sent once; PONG, its answer to a PING; and
 * RELOADED, after a RELOAD: code 0 if the new configuration is in use from now
 * on, another if it was refused.
 *
 * The keeper sends, unasked: PING; LOG, with the descriptor of the log,
 * reopened; and RELOAD, to read the configuration again, perhaps with the
 * descriptor of the log that it names. PING may have addresses that have expired
 * by the keeper's clock; the PONG says what the worker knows of them. From then
 * on, the worker sends another PONG, unasked, whenever it has been silent for as
 * many milliseconds as the code of the PING says; 0: it does not.
 *
 * The worker also asks the helper (daemon/sys/helper.h), by packets of the same
 * form: RUN has the arguments of a command, a NUL after each, and in code its
 * time limit in milliseconds. The answer is OUTPUT, as often as needed, and one
 * RESULT, with what the command printed; the code of RESULT is its exit code,
 * or -1 if it did not run. The id of an answer is that of its request.
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
	IPC_BYTES, IPC_END, IPC_CLEAR, IPC_INTACT, IPC_COUNTS,
	IPC_READY, IPC_PONG, IPC_RELOADED, IPC_METRICS,
	/* the keeper's */
	IPC_ANSWER, IPC_PING, IPC_RELOAD, IPC_LOG,
	/* between the worker and the helper */
	IPC_RUN, IPC_OUTPUT, IPC_RESULT
};

struct ipc_row {
	struct addr addr;
	uint8_t present; /* 0: remove it; in a PONG: it is not authorized */
	int64_t when;	 /* the login, seconds since the epoch */
	int64_t expires; /* steady milliseconds, the same clock for both */
};

/* Since the keeper was started. */
struct ipc_counts {
	uint64_t replaced; /* maps, by other programs */
	uint64_t errors, warnings; /* logged by the keeper */
};

struct ipc_packet {
	uint8_t version, type;
	uint16_t map;	/* its number in conf->maps */
	uint32_t count; /* of rows or bytes; REPLACE, APPLY: of rows to come */
	int32_t code;	/* what it means depends on the type */
	uint32_t id;	/* of RUN, OUTPUT and RESULT: the request; else 0 */
	union {
		struct ipc_row rows[IPC_ROWS_MAX];
		char bytes[IPC_BYTES_MAX];
		struct ipc_counts counts;
	} body;
};

/* Sets type and version, and zeroes the rest before the body. */
void ipc_begin(struct ipc_packet *, enum ipc_type);

/* A connected pair, close-on-exec. 0, or -1. */
int ipc_open(int ends[2], struct err *);

/* Sends the packet, and with it the descriptor `passed`, unless that is -1.
 * With wait, blocks until there is room. 1: sent; 0: there is no room; -1:
 * err. */
int ipc_send(int fd, const struct ipc_packet *, int passed, bool wait,
    struct err *);

/* Receives a packet and checks it. 1: there it is; 0: none has come (never with
 * wait); -1: it is malformed; -2: the other end is closed or failed. *passed
 * becomes the descriptor that came with it, or -1; passed may be NULL, to
 * accept none. */
int ipc_receive(int fd, struct ipc_packet *, int *passed, bool wait,
    struct err *);

#endif
