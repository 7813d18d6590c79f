/*
 * keeper_requests: where the keeper takes what its worker hands over, packet by packet,
 * and answers.
 *
 * A packet out of order, or rows that no honest worker would send, are nonsense:
 * the keeper then ends the worker. The checkpoint's bytes are not looked at:
 * they are the worker's own, read by the next worker, which knows them whole by
 * their hash; they are only bounded.
 */
#ifndef DAEMON_KEEPER_KEEPER_REQUESTS_H
#define DAEMON_KEEPER_KEEPER_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

struct keeper_requests;
struct err;
struct ipc_packet;
struct map_store;
struct map_store_time;

/* vault and checkpoint are borrowed; max_bytes bounds the checkpoint. */
struct keeper_requests *keeper_requests_new(struct map_store *, const char *checkpoint,
    unsigned long long max_bytes);
void keeper_requests_free(struct keeper_requests **);

/* Another worker begins anew: what the last one had begun is forgotten. */
void keeper_requests_reset(struct keeper_requests *);

/*
 * A packet that ipc_check() found well-formed. 1: it became the answer,
 * which is to be sent; 0: nothing to send; -1: nonsense, err says what.
 * READY, PONG and RELOADED are not for the desk: nonsense here.
 */
int keeper_requests_take(struct keeper_requests *, struct ipc_packet *,
    const struct map_store_time *, struct err *);

#endif
