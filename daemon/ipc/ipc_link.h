/*
 * ipc_link: the messages between the worker and pbs-link, the process that
 * holds the connections to the engine (Valkey or Redis) shared with other
 * hosts.
 *
 * They go over a pair of SOCK_SEQPACKET sockets (ipc_open()), so each packet is
 * one message, and messages arrive in the order in which they were sent. Each
 * end checks what it receives, in case a log line has compromised the worker,
 * or a reply of the engine has compromised pbs-link. The content of an ENTRY is
 * authenticated only by its signature, which the worker verifies.
 *
 * Sent by the worker:
 *
 *	BEGIN			forget the previous worker: nothing is read or
 *				written until the messages below arrive
 *	READ index, count, key, id	read this stream, number index of count,
 *				from the entry after id on. When the last of
 *				them has arrived, the list replaces the previous
 *				one. count 0: stop reading
 *	IGNORE key		do not read this stream for IPC_LINK_IGNORED_MS,
 *				and skip what is added to it until then
 *	WRITE key		our own stream
 *	APPEND id, mark, data, signature	append this entry to our stream,
 *				which may drop entries before mark
 *	AGAIN			close all connections, and connect again
 *
 * Sent by the keeper through the same socket; its nonce means nothing:
 *
 *	RENEW			the files with the password or certificates
 *				have changed: end, for another pbs-link to read
 *				them, as this one no longer may
 *
 * Sent by pbs-link, with the nonce of the last BEGIN. Messages with another
 * nonce answer an earlier worker, and are to be ignored. Only STARTED has nonce
 * 0:
 *
 *	STARTED			this is a new pbs-link, which has no state:
 *				answer with BEGIN and the messages after it
 *	STATE channel, code, quiet, data	the new state of a connection;
 *				the text is to be logged unless it is quiet
 *	TOP id			the last id of our stream, or 0-0 if there is no
 *				such stream. Sent whenever the connection for
 *				writing is made, before any APPENDED on it;
 *				later only if entries that were APPENDED are
 *				missing
 *	APPENDED id		that entry is in the stream
 *	DELETED			our stream was deleted with all its entries, and
 *				no APPENDED follows for entries in flight
 *	ENTRY key, id, code, data, signature	an entry that was read; if code
 *				says that it is malformed, without data
 *	REWOUND key		the stream has lost its last entries: it is read
 *				again from its first entry on
 *
 * After a TOP, a DELETED, a STARTED, or a STATE that says that the connection
 * for writing is LOST, the worker must not wait for any earlier APPENDED: it
 * has to send unconfirmed entries again, under new ids above TOP's. The old
 * ones may be in the stream nevertheless, and their APPENDED may still arrive,
 * which is harmless. APPENDs are dropped while there is no connection for
 * writing, so the worker should wait for TOP.
 *
 * At most IPC_LINK_UNANSWERED_MAX APPENDs may wait for their APPENDED; pbs-link
 * does not read more of them from the socket.
 */
#ifndef DAEMON_IPC_IPC_LINK_H
#define DAEMON_IPC_IPC_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/streamid.h"

struct err;

enum {
	IPC_LINK_VERSION = 1,
	IPC_LINK_KEY_MAX = 96, /* a prefix of 32, ':', a name of 63 */
	IPC_LINK_DATA_MAX = 8000,
	IPC_LINK_SIGNATURE = 64,
	IPC_LINK_STREAMS_MAX = 63,
	IPC_LINK_UNANSWERED_MAX = 1000,
	IPC_LINK_IGNORED_MS = 60 * 1000,
};

enum ipc_link_type {
	/* sent by the worker */
	IPC_LINK_BEGIN = 1,
	IPC_LINK_READ,
	IPC_LINK_IGNORE,
	IPC_LINK_WRITE,
	IPC_LINK_APPEND,
	IPC_LINK_AGAIN,
	/* sent by the keeper */
	IPC_LINK_RENEW,
	/* sent by pbs-link */
	IPC_LINK_STARTED,
	IPC_LINK_STATE,
	IPC_LINK_TOP,
	IPC_LINK_APPENDED,
	IPC_LINK_DELETED,
	IPC_LINK_ENTRY,
	IPC_LINK_REWOUND
};

/* There are two connections, since commands sent after a blocking XREAD would
 * wait for it. */
enum ipc_link_channel { IPC_LINK_WRITER = 1, IPC_LINK_READER };

enum ipc_link_state {
	/* The text names the engine: "tls:engine.example.org:6379 (valkey
	 * 8.1.1, master)". */
	IPC_LINK_CONNECTED = 1,
	IPC_LINK_LOST, /* or never made; the text is the reason */
	/* Not about the connection itself; each text is a whole sentence. */
	IPC_LINK_ERROR,	  /* an administrator has to act */
	IPC_LINK_WARNING, /* may recover by itself */
	IPC_LINK_NOTICE,  /* it has recovered */
};

enum ipc_link_entry {
	IPC_LINK_WHOLE,
	IPC_LINK_FIELDS, /* not exactly one payload and one 64-byte signature */
	IPC_LINK_LONG,	 /* a payload over IPC_LINK_DATA_MAX */
};

/* Members that a type does not use are 0. */
struct ipc_link_packet {
	uint8_t version, type;
	uint8_t code;	      /* STATE, ENTRY */
	uint8_t channel;      /* STATE */
	uint8_t quiet;	      /* STATE: 1: not to be logged, or not again */
	uint8_t index, count; /* READ: this is number index of count, from 0 */
	uint8_t unused;
	uint32_t data_len;
	uint32_t unused2;
	uint64_t nonce;
	struct streamid id, mark;
	char key[IPC_LINK_KEY_MAX + 8]; /* padded with at least one NUL */
	unsigned char signature[IPC_LINK_SIGNATURE];
	char data[IPC_LINK_DATA_MAX]; /* without a NUL at its end */
};

/* Sets version, type and nonce, and zeroes the rest before the data. */
void ipc_link_begin(struct ipc_link_packet *, enum ipc_link_type,
		    uint64_t nonce);
/* Longer texts are cut. A key that is too long is the caller's mistake. */
void ipc_link_set_key(struct ipc_link_packet *, const char *);
void ipc_link_set_data(struct ipc_link_packet *, const void *, size_t len);

/* Never waits. 1: sent; 0: there is no room; -1: err. */
int ipc_link_send(int fd, const struct ipc_link_packet *, struct err *);

/* Receives a packet of the worker, or of pbs-link, and checks it; never waits.
 * 1: received; 0: none is waiting; -1: it is malformed; -2: the other end is
 * closed, or failed. */
int ipc_link_from_worker(int fd, struct ipc_link_packet *, struct err *);
int ipc_link_from_link(int fd, struct ipc_link_packet *, struct err *);

#endif
