/*
 * keeper_requests: takes the worker's requests, message by message, and makes
 * the replies.
 *
 * A message out of order, or rows that no honest worker would send, are an
 * error for which the keeper kills the worker. The bytes of a checkpoint are
 * only bounded, not checked: the next worker reads them, and verifies their
 * hash.
 */
#ifndef DAEMON_KEEPER_KEEPER_REQUESTS_H
#define DAEMON_KEEPER_KEEPER_REQUESTS_H

#include <stdbool.h>

struct keeper_requests;
struct err;
struct ipc_packet;
struct map_store;
struct map_store_time;

/* The store and the paths are borrowed; max_bytes bounds the checkpoint.
 * metrics: the path for metrics_file_new(). */
struct keeper_requests *keeper_requests_new(struct map_store *,
    const char *checkpoint, unsigned long long max_bytes, const char *metrics);
void keeper_requests_set_max(struct keeper_requests *,
    unsigned long long max_bytes);
void keeper_requests_free(struct keeper_requests **);

/* For a new worker: forgets what the last one had begun to send. */
void keeper_requests_reset(struct keeper_requests *);

/*
 * Takes a packet that ipc_receive() found well-formed. 1: the packet is now the
 * reply, to be sent; 0: there is no reply; -1: the worker is not honest, err
 * says why. The caller handles READY, PONG and RELOADED itself; here they give
 * -1.
 */
int keeper_requests_take(struct keeper_requests *, struct ipc_packet *,
    const struct map_store_time *, struct err *);

/* Whether a checkpoint has been saved since this was last asked. */
bool keeper_requests_saved(struct keeper_requests *);

#endif
