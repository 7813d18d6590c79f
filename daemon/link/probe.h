/*
 * probe: tries at each configured engine the commands that pbs-link would use
 * there, without changing anything; for pbsctl peers --test.
 */
#ifndef DAEMON_LINK_PROBE_H
#define DAEMON_LINK_PROBE_H

#include <stdbool.h>

struct err;
struct peers_conf;

/* what: "tls:engine.example.org:6379", or "XADD pbs:pop1" at that engine; why:
 * what is known of it, or what is wrong; may be empty. Both are borrowed. */
typedef void probe_fn(void *arg, bool good, const char *what, const char *why);

/* 1: an engine permits all that we need; 0: none does; -1: nothing could be
 * tried, see err. */
int probe_run(const struct peers_conf *, probe_fn *, void *arg, struct err *);

#endif
