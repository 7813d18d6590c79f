/*
 * remedies: the commands of this host that several findings end with, whole, as
 * an administrator pastes them into a shell.
 */
#ifndef TOOLS_DOCTOR_REMEDIES_H
#define TOOLS_DOCTOR_REMEDIES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/alloc.h"
#include "tools/doctor/manager.h"

struct conf;

/* Zero-initialise it; remedies_clear() frees all of it. */
struct remedies {
	/* With "-c DIR", if DIR is not the usual directory of main.cf. */
	char *postconf, *postfix, *postmap;
	const char *directory; /* that DIR, borrowed; or NULL */
	const char *config; /* the file of settings, borrowed */
	bool hung; /* the daemon does not answer: it may not heed SIGTERM */
	char *flags; /* that select the settings: " --config=FILE" */
	char *check, *clear;
	char *explain;
	char *start, *restart, *reload; /* our daemon */
	char *start_postfix;
	char *user; /* whom a start makes it run as; NULL: whoever starts it */
	struct service service; /* what starts our daemon; name NULL: unknown */
	struct strings set; /* keys that a remedy adds to the settings */
	struct service mail; /* the same for Postfix */
};

/* Sets the commands of Postfix. directory: where main.cf is, as the caller of
 * the program has named it; NULL: in the usual place. This is not to be taken
 * from the environment later: the setup tries its changes in a directory of its
 * own. */
void remedies_instance(struct remedies *, const char *directory);

/* Before the settings are read; sets flags, explain and check. config: the file of
 * settings; the usual one need not exist. dbfiles: those of flags. */
void remedies_begin(struct remedies *, const char *config, bool usual,
		    const struct strings *dbfiles);

/* Sets the others. daemon: the process of the running one, or 0. user: whom it
 * must be told to run as, NULL: nobody else. config: the file of settings. */
void remedies_find(struct remedies *, const struct conf *, pid_t daemon,
		   const char *user, const char *config);

void remedies_clear(struct remedies *);

/* Whether the file of settings has this key in a line. */
bool remedies_has_key(const struct remedies *, const char *key);

/*
 * How a person gets an item into a setting that may be a list and has `count' items
 * now, to be freed. replaced: the item in whose place it comes; NULL: it comes beside
 * the others. A file with a key twice is refused.
 */
char *remedies_setting(struct remedies *, const char *key,
		       const char *item, size_t count, const char *replaced);

#endif
