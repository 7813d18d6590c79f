/*
 * remedies: the commands of this host that several findings end with, whole, as
 * an administrator pastes them into a shell.
 */
#ifndef TOOLS_DOCTOR_REMEDIES_H
#define TOOLS_DOCTOR_REMEDIES_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/doctor/manager.h"

struct conf;
struct strings;

/* Zero-initialise it; remedies_clear() frees all of it. */
struct remedies {
	char *flags; /* that select the settings: " --config=FILE" */
	char *check, *clear;
	char *start, *restart, *reload; /* our daemon */
	char *start_postfix;
	struct service service; /* what starts our daemon; name NULL: unknown */
	struct service postfix; /* the same */
};

/* Before the settings are read; sets flags and check. config: the file of
 * settings, which need not exist. dbfiles: those of flags. */
void remedies_begin(struct remedies *, const char *config,
		    const struct strings *dbfiles);

/* Sets the others. daemon: the process of the running one, or 0. user: whom it
 * must be told to run as, NULL: nobody else. */
void remedies_find(struct remedies *, const struct conf *, pid_t daemon,
		   const char *user);

void remedies_clear(struct remedies *);

#endif
