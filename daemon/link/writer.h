/*
 * writer: appends the worker's entries to our stream, and notices when entries
 * of it are lost. A plain XADD would silently create a new stream, and its
 * readers could not tell.
 */
#ifndef DAEMON_LINK_WRITER_H
#define DAEMON_LINK_WRITER_H

#include <stdbool.h>

struct credentials;
struct ipc_link_packet;
struct loop;
struct reports;
struct sender;
struct writer;

/* Called when the writer is no longer full. Must not call the writer. */
typedef void writer_room_fn(void *arg);

struct writer *writer_new(struct loop *, const struct credentials *,
			  struct reports *, struct sender *, writer_room_fn *,
			  void *arg);
void writer_free(struct writer **);

/* For a new worker: there is no stream until writer_key(). */
void writer_begin(struct writer *);
void writer_key(struct writer *, const char *key);
void writer_append(struct writer *, const struct ipc_link_packet *);
void writer_again(struct writer *);
/* The maximum of entries is in flight: writer_append() must not be called. */
bool writer_is_full(const struct writer *);

#endif
