/*
 * reader: reads the streams of other hosts for the worker, each from its last
 * position, and notices when one has lost its last entries. XREAD does not
 * report that: it would wait for ever.
 */
#ifndef DAEMON_LINK_READER_H
#define DAEMON_LINK_READER_H

#include <stddef.h>

#include "base/streamid.h"

struct credentials;
struct ipc_link_packet;
struct loop;
struct reader;
struct reports;
struct sender;

struct reader *reader_new(struct loop *, const struct credentials *,
			  struct reports *, struct sender *);
void reader_free(struct reader **);

/* For a new worker: reads nothing until reader_list(). */
void reader_begin(struct reader *);
/* One stream of a list, a READ message; the last one puts the list into force.
 */
void reader_list(struct reader *, const struct ipc_link_packet *);
/* Does not read this stream for IPC_LINK_IGNORED_MS, and never what is added to
 * it until then. */
void reader_ignore(struct reader *, const char *key);
void reader_again(struct reader *);
/* The worker has read what was sent to it, so more can be sent. */
void reader_resume(struct reader *);

#endif
