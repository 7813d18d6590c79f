/*
 * sentinel: asks Sentinel where the master is.
 */
#ifndef DAEMON_LINK_SENTINEL_H
#define DAEMON_LINK_SENTINEL_H

#include <stdint.h>

struct credentials;
struct loop;
struct peers_engine;
struct sentinel;

/* host is borrowed until it returns; NULL: no Sentinel named a master, and why.
 */
typedef void sentinel_fn(void *arg, const char *host, uint16_t port,
			 const char *reason);

/* Asks one Sentinel after the other until one names the master. The callback is
 * called once, in a later round of the loop, and may free it. */
struct sentinel *sentinel_ask(struct loop *, const struct credentials *,
			      const struct peers_engine *, sentinel_fn *,
			      void *arg);
void sentinel_free(struct sentinel **);

#endif
