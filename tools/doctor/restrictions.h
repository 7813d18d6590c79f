/*
 * restrictions: a list of Postfix's access restrictions, and where in it our
 * map is. See access(5) and RESTRICTIONS in postconf(5).
 */
#ifndef TOOLS_DOCTOR_RESTRICTIONS_H
#define TOOLS_DOCTOR_RESTRICTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

struct postconf;

/*
 * Appends the words of a list: restrictions and their arguments, in the order
 * in which smtpd(8) meets them. Braces are taken off, and a restriction class is
 * replaced by its own list.
 */
void restrictions_read(struct strings *words, const struct postconf *,
		       const char *value);

/* A list, judged. Positions are indices of words. */
struct judgement {
	const char *map;     /* as it is named there, borrowed; NULL: not there */
	const char *check;   /* the word before it; "" at the beginning */
	bool lists_network;  /* permit_mynetworks comes before the refusal */
	const char *refusal; /* the first word that refuses strangers, or NULL */
	bool late;	     /* the map comes after the refusal */
};

/* words must outlive the judgement. */
struct judgement restrictions_judge(const struct strings *words,
				    const struct strings *maps);

/* A socketmap: map of ours in a list that would accept mail for our own domains, but
 * asks the map before it does, and so refuses that mail while the daemon is
 * stopped: borrowed; NULL: none. */
const char *restrictions_asked_first(const struct strings *words,
				     const struct strings *maps);

/* Whether a list refuses strangers before it permits everybody. Its words are of
 * restrictions_read(). */
bool restrictions_refuse(const struct strings *words);

/* Whether smtpd(8) finds in the list what it must find in one of those for
 * relaying and recipients, or else does not start. It takes no notice of a
 * permit in a restriction class, although that counts for each client. */
bool restrictions_suffice(const struct postconf *, const char *value);

/* The value of a list that restrictions_with() may edit: as it is written or, if
 * that has an expression, as Postfix's default has, what it amounts to. NULL: what
 * refuses strangers is in a setting or in a class that the list names. */
const char *restrictions_editable(const struct postconf *, const char *list);

/* The list as written, with what lets our map permit before its first refusal;
 * to be freed. maps: where that is now, and taken out. */
char *restrictions_with(const char *value, const struct strings *maps,
			const char *check, const char *name);

/* Whether a word is one of our maps. */
bool restrictions_names(const char *word, const struct strings *maps);

#endif
