/*
 * steps: what is to be done, in order: printed, or done one after the other
 * until one fails.
 */
#ifndef TOOLS_SETUP_STEPS_H
#define TOOLS_SETUP_STEPS_H

#include <stddef.h>

#include "base/alloc.h"

struct err;
struct verb;

/* Does one step. 0; -1: see err. */
typedef int step_fn(void *arg, struct err *);

struct step {
	char *text; /* what it does: a command, if fn is NULL */
	char *undo; /* the command that undoes it; NULL: none is needed */
	step_fn *fn;
	void *arg;
	struct strings argv; /* of the command */
};

/* Zero-initialise it. */
struct steps {
	struct step *list;
	size_t count;
};

/* undo is copied, and may be NULL. */
void steps_add(struct steps *, const char *text, const char *undo, step_fn *,
	       void *arg);
/* A command with its arguments, in one text with blanks between them. */
void steps_add_command(struct steps *, const char *command, const char *undo);
/* A program with its arguments, which end with NULL, and the command as it is
 * shown. */
void steps_add_program(struct steps *, const char *text,
		       const char *const *argv, const char *undo);
void steps_clear(struct steps *);

void steps_print(const struct steps *);
/* Prints each step, and does it. 0; -1: one failed, and what was done, what was
 * not, and how to undo it is on standard error. */
int steps_run(const struct steps *, const struct verb *);

#endif
