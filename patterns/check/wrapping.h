/*
 * wrapping: lines as others log them: with another header, in an envelope.
 *
 * The lines of a sample are written as some syslog daemon or container runtime
 * writes them, and are then read as the daemon reads them. A stranger's text
 * must grant nothing in any of these forms.
 */
#ifndef PATTERNS_CHECK_WRAPPING_H
#define PATTERNS_CHECK_WRAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/check/sample_run.h"

struct recognizer;
struct wrapper;

/* Which header, which envelope, and at which byte that splits a line. All 0:
 * the lines are as in the sample. */
struct wrapping {
	unsigned int header, envelope, split;
	/* Where another line begins within one of the run, which gets the same
	 * header; 0: nowhere. */
	size_t joint, line;
	/* A stamp would give one of the lines the header that it lacks. */
	bool stampless;
};

struct wrapper *wrapper_new(void);
void wrapper_free(struct wrapper **);

/* Draws header, envelope and split; half of the time they are all 0. With
 * joint, there is always a header. */
void wrapping_draw(struct wrapping *, uint64_t *random);
/* For people: "", "Docker's json-file", "an RFC 5424 header" ... */
const char *wrapping_header(const struct wrapping *);
const char *wrapping_envelope(const struct wrapping *);
/* As sample_run_collect(), of the lines in this form. */
void wrapping_collect(struct wrapper *, const struct wrapping *,
    const struct sample_run *, struct recognizer *, time_t now,
    struct sample_run_addrs *);

#endif
