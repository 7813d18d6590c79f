/*
 * reader: reads the streams of other hosts for the worker, each from where it
 * had come to, and notices when one has lost its end, for which XREAD has no
 * word: it would wait for ever.
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

/* For a new worker, which reads nothing until reader_list(). */
void reader_begin(struct reader *);
/* One of a list of streams, a READ; the last one puts the list in force. */
void reader_list(struct reader *, const struct ipc_link_packet *);
void reader_again(struct reader *);
/* The worker has read what was sent to it, and can be sent more. */
void reader_resume(struct reader *);

#endif
