/*
 * ipc_link: the messages between the worker and pbs-link, the process that
 * holds the connections to the engine (Valkey or Redis) of the other hosts.
 *
 * They go over a pair of SOCK_SEQPACKET sockets (ipc_open()), so each packet is
 * one message, and messages arrive in the order in which they were sent. Each
 * end checks what it receives: a log line may have taken over the worker, and
 * an answer of the engine pbs-link. What an ENTRY holds is vouched for by its
 * signature alone, which the worker verifies.
 *
 * The worker's:
 *
 *	BEGIN			forget the worker before this one: nothing is
 *				read or written until the messages below come
 *	READ index, count, key, id	one of the count streams to be read,
 *each from the entry after id on. The list counts once its last one has come,
 *and replaces the list before it. count 0: nothing is read any more WRITE key
 *our own stream APPEND id, mark, data, signature	append this entry to our
 *stream, and let go of those before mark AGAIN			close all
 *connections, and connect again
 *
 * pbs-link's, each with the nonce of the last BEGIN; others are answers to the
 * worker before, and are to be passed over. Only STARTED has the nonce 0:
 *
 *	STARTED			this is a new pbs-link, which knows nothing:
 *				answer with a BEGIN and all that follows
 *	STATE channel, code, quiet, data	what became of a connection; the
 *				text is for the log, unless it is quiet
 *	TOP id			the last id of our stream, 0-0 if there is no
 *				such stream: always when the connection to write
 *				is made, before any APPENDED of it; later only
 *				if entries that were APPENDED are missing
 *	APPENDED id		that entry is in the stream
 *	DELETED			our stream was deleted: nothing of it is left,
 *				and no APPENDED comes for what is on its way
 *	ENTRY key, id, code, data, signature	one was read; if code says that
 *				it is not as it must be, without data
 *	REWOUND key		the stream has lost its end: it is read again
 *				from its first entry on
 *
 * After a TOP, a DELETED, a STARTED, or a STATE that says that the connection
 *to write is LOST, the worker must not wait for any APPENDED from before: what
 * has had none is to be sent again, under another id above TOP's. It may be in
 * the stream nevertheless, and its APPENDED may still come; that is harmless.
 * APPENDs while there is no connection to write are dropped, so the worker had
 * better wait for TOP.
 *
 * At most IPC_LINK_UNANSWERED_MAX APPENDs may wait for their APPENDED; pbs-link
 * does not take more of them from the socket.
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
};

enum ipc_link_type {
	/* the worker's */
	IPC_LINK_BEGIN = 1,
	IPC_LINK_READ,
	IPC_LINK_WRITE,
	IPC_LINK_APPEND,
	IPC_LINK_AGAIN,
	/* pbs-link's */
	IPC_LINK_STARTED,
	IPC_LINK_STATE,
	IPC_LINK_TOP,
	IPC_LINK_APPENDED,
	IPC_LINK_DELETED,
	IPC_LINK_ENTRY,
	IPC_LINK_REWOUND
};

/* Two connections, as whatever follows a waiting XREAD would wait with it. */
enum ipc_link_channel { IPC_LINK_WRITER = 1, IPC_LINK_READER };

enum ipc_link_state {
	/* The text names the engine: "tls:engine.example.org:6379 (valkey
	 * 8.1.1, master)". */
	IPC_LINK_CONNECTED = 1,
	IPC_LINK_LOST, /* or never made; the text is the reason */
	/* Something else than the connection; each text is a whole sentence. */
	IPC_LINK_ERROR,	  /* somebody has to change something */
	IPC_LINK_WARNING, /* may end by itself */
	IPC_LINK_NOTICE,  /* it has ended */
};

enum ipc_link_entry {
	IPC_LINK_WHOLE,
	IPC_LINK_FIELDS, /* not one payload and one signature of 64 bytes */
	IPC_LINK_LONG,	 /* a payload over IPC_LINK_DATA_MAX */
};

/* What a type does not use is 0. */
struct ipc_link_packet {
	uint8_t version, type;
	uint8_t code;	 /* STATE, ENTRY */
	uint8_t channel; /* STATE */
	uint8_t quiet;	 /* STATE: 1: the log has this already, or need not */
	uint8_t index, count; /* READ: this is number index of count, from 0 */
	uint8_t unused;
	uint32_t data_len;
	uint32_t unused2;
	uint64_t nonce;
	struct streamid id, mark;
	char key[IPC_LINK_KEY_MAX + 8]; /* ends with a NUL, or more */
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
 * 1: there it is; 0: none has come; -1: it is malformed; -2: the other end is
 * closed or failed. */
int ipc_link_from_worker(int fd, struct ipc_link_packet *, struct err *);
int ipc_link_from_link(int fd, struct ipc_link_packet *, struct err *);

#endif
