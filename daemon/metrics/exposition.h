/*
 * exposition: metrics as text, in the format 0.0.4 of Prometheus, which
 * node_exporter's textfile collector and OpenMetrics parsers read, too.
 *
 * All names begin with "pop_before_smtp_"; callers give what follows.
 */
#ifndef DAEMON_METRICS_EXPOSITION_H
#define DAEMON_METRICS_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct histogram;

enum exposition_type {
	EXPOSITION_COUNTER, /* its name ends with _total */
	EXPOSITION_GAUGE,
	EXPOSITION_HISTOGRAM /* its name ends with _seconds */
};

/* A label with any text as its value. Bytes that are not valid UTF-8, and
 * control characters, become \xNN. */
struct exposition_label {
	const char *name, *value;
};

/* Begins a metric; its samples follow. help is one line without backslash. */
void exposition_begin(FILE *, const char *name, enum exposition_type,
		      const char *help);

/* Writes one sample. The label may be NULL: the metric has none. */
void exposition_number(FILE *, const char *name,
		       const struct exposition_label *, uint64_t number);
/* Writes all samples of a histogram, with seconds as the unit. */
void exposition_histogram(FILE *, const char *name,
			  const struct exposition_label *,
			  const struct histogram *);

/* Checks that a text consists of lines of this form, and so can neither name a
 * metric of another program nor break a terminal. 0, or -1. */
int exposition_check(const char *text, size_t len, struct err *);

#endif
