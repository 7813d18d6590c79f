/*
 * streamserver: a listening socket, and many clients who ask and are answered.
 *
 * For protocols in which a client keeps its connection and asks again and
 * again, as Postfix does with socketmap and policy servers. What a client can
 * cost is bounded: bytes held of a request and of answers that it does not
 * read, the time for one exchange, and what is done for it before others have
 * their turn. When there are too many, who has been silent longest gives way;
 * Postfix then connects anew by itself.
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
	/* Unread answers of a client; one of nearly half of it always fits. */
	STREAMSERVER_OUTPUT_MAX = 10 * 1024,
	/* From the first byte of a request until its answer is taken. */
	STREAMSERVER_PATIENCE_MS = 10 * 1000,
	/* Longer than Postfix keeps one: smtpd_policy_service_max_ttl. */
	STREAMSERVER_IDLE_MS = 1200 * 1000,
};

/*
 * bytes[0..len) have come and are not consumed yet. Takes the first request,
 * gives its answer to stream_answer(), and returns how many bytes it was; it is
 * called again for the rest. 0: it is not whole yet. -1: this is no request;
 * the client gets the answers so far and is closed.
 */
typedef ssize_t streamserver_fn(void *arg, struct stream *, const char *bytes,
    size_t len);

/* Copies. One that does not fit OUTPUT_MAX closes the client. */
void stream_answer(struct stream *, const void *bytes, size_t len);
/* The only answer, of any size: takes over bytes, which came from malloc(3).
 * The client is closed when all of it is sent. */
void stream_finish(struct stream *, char *bytes, size_t len);
/* The user at the other end of a Unix socket; (uid_t)-1 if not known. */
uid_t stream_uid(const struct stream *);

/*
 * address: as base/listenplace.h has it.
 * request_max: a request that is not whole by then closes its client.
 * Clients may connect, but nobody is heard until streamserver_start().
 */
struct streamserver *streamserver_open(struct loop *, const char *address,
    size_t request_max, streamserver_fn *, void *arg, struct err *);
/*
 * A server on a Unix socket that already listens, for clients that ask once:
 * each must be given its answer by stream_finish(). More than clients_max of
 * them wait until one has gone. A client has STREAMSERVER_PATIENCE_MS for its
 * request, and as long again whenever it has taken some of the answer. fd is
 * the server's from now on; its path remains the caller's to remove.
 */
struct streamserver *streamserver_adopt(struct loop *, int fd,
    size_t clients_max, size_t request_max, streamserver_fn *, void *arg);
/* Whether such an address could be listened on; changes nothing. 0, or -1. */
int streamserver_check(const char *address, struct err *);
int streamserver_start(struct streamserver *, struct err *); /* 0, or -1 */
/* Closes all clients, removes the socket if it is still ours. Not to be called
 * from within the streamserver_fn. */
void streamserver_close(struct streamserver **);

#endif
