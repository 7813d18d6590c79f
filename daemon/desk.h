/*
 * desk: where the keeper takes what its worker hands over, packet by packet,
 * and answers.
 *
 * A packet out of order, or rows that no honest worker would send, are nonsense:
 * the keeper then ends the worker. The checkpoint's bytes are not looked at:
 * they are the worker's own, read by the next worker, which knows them whole by
 * their hash; they are only bounded.
 */
#ifndef DAEMON_DESK_H
#define DAEMON_DESK_H

#include <stdbool.h>
#include <stddef.h>

struct desk;
struct err;
struct ipc_packet;
struct vault;
struct vault_time;

/* vault and checkpoint are borrowed; max_bytes bounds the checkpoint. */
struct desk *desk_new(struct vault *, const char *checkpoint,
    unsigned long long max_bytes);
void desk_free(struct desk **);

/* Another worker begins anew: what the last one had begun is forgotten. */
void desk_reset(struct desk *);

/*
 * A packet that ipc_check() found well-formed. 1: it became the answer,
 * which is to be sent; 0: nothing to send; -1: nonsense, err says what.
 * READY, PONG and RELOADED are not for the desk: nonsense here.
 */
int desk_take(struct desk *, struct ipc_packet *,
    const struct vault_time *, struct err *);

#endif
