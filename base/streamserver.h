/*
 * streamserver: a listening socket whose clients send requests and get answers.
 *
 * It is made for protocols in which a client keeps its connection for many
 * requests, as Postfix does with socketmap and policy servers. What a client
 * can cost is bounded: the bytes kept of a request and of unread answers, the
 * time for one exchange, and the work done for it before others have their
 * turn. When there are too many clients, the one that has been silent for
 * longest is closed; Postfix then connects again by itself.
 */
#ifndef BASE_STREAMSERVER_H
#define BASE_STREAMSERVER_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct loop;
struct stream; /* one client */
struct streamserver;

enum {
	STREAMSERVER_CLIENTS_MAX = 1000,
	/* Unread answers of a client. An answer of just under half of this
	 * always fits. */
	STREAMSERVER_OUTPUT_MAX = 10 * 1024,
	/* From the first byte of a request until its answer has been read. */
	STREAMSERVER_TIMEOUT_MS = 10 * 1000,
	/* Postfix closes earlier: smtpd_policy_service_max_ttl. */
	STREAMSERVER_IDLE_MS = 1200 * 1000,
};

/*
 * Handles the first request in bytes[0..len), which have been received but not
 * consumed: passes the answer to stream_answer(), and returns the length of the
 * request. It is called again for the rest. 0: the request is not complete yet.
 * -1: it is malformed; the client gets the answers so far and is closed.
 */
typedef ssize_t streamserver_fn(void *arg, struct stream *, const char *bytes,
    size_t len);

/* Copies the answer. One that does not fit into OUTPUT_MAX is dropped, and its
 * client is closed. */
void stream_answer(struct stream *, const void *bytes, size_t len);
/* Gives a client its only answer, of any size. Takes over bytes, allocated by
 * malloc(3), and closes the client when all of them are sent. */
void stream_finish(struct stream *, char *bytes, size_t len);
/* The user at the other end of a Unix socket; (uid_t)-1 if unknown. */
uid_t stream_uid(const struct stream *);

/*
 * address: see base/listenplace.h.
 * request_max: a client is closed if its request is longer than this.
 * Clients may connect, but nothing is read before streamserver_start().
 */
struct streamserver *streamserver_open(struct loop *, const char *address,
    size_t request_max, streamserver_fn *, void *arg, struct err *);
/*
 * A server on a Unix socket that already listens, for clients with one request
 * each: stream_finish() must give the answer. Clients beyond clients_max wait
 * until another one has gone. A client has STREAMSERVER_TIMEOUT_MS to send its
 * request, and the same time again whenever it has read some of the answer.
 * Takes over fd; the caller still has to remove its path.
 */
struct streamserver *streamserver_adopt(struct loop *, int fd,
    size_t clients_max, size_t request_max, streamserver_fn *, void *arg);
/* Checks that it is possible to listen on the address. 0, or -1. */
int streamserver_check(const char *address, struct err *);
int streamserver_start(struct streamserver *, struct err *); /* 0, or -1 */
/* Closes all clients, and removes the socket if it is still ours. Must not be
 * called by the streamserver_fn. */
void streamserver_close(struct streamserver **);

#endif
