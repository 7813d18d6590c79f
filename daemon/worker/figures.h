/*
 * figures: what the worker has counted, for `pbsctl status', `pbsctl metrics',
 * the file of metrics and SIGUSR1. All of them print the same counters.
 */
#ifndef DAEMON_WORKER_FIGURES_H
#define DAEMON_WORKER_FIGURES_H

#include <stdio.h>

struct worker;

/* "key value" lines. */
void figures_write_status(struct worker *, FILE *);

/* The most important of them, as one message. */
void figures_log(const struct worker *);

/* Metrics, in the form of daemon/metrics/exposition.h. */
void figures_write_metrics(struct worker *, FILE *);

#endif
