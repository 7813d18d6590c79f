/*
 * postfix_state: what the files of a group of findings on Postfix share.
 */
#ifndef TOOLS_DOCTOR_POSTFIX_STATE_H
#define TOOLS_DOCTOR_POSTFIX_STATE_H

#include <stdbool.h>

#include "base/alloc.h"
#include "tools/doctor/postconf.h"

struct examination;
struct remedies;

/* Zero-initialise it, and set examination and settings. */
struct postfix_state {
	struct examination *examination;
	struct postconf settings;
	struct strings maps;  /* those of ours that smtpd can ask */
	const char *map;      /* the first of them, if possible readable */
	const char *check;    /* the restriction that asks it */
	char *name;	      /* as smtpd should name it */
	bool unwritten;	      /* its file does not exist, so smtpd would say 451 */
	bool unreadable;      /* Postfix has not its type: smtpd would say 451 */
	const char *decisive; /* the list that decides who may relay */
};

/* Finds which of our maps smtpd can ask, once settings are loaded. */
void postfix_state_begin(struct postfix_state *);
/* The file that Postfix opens, to be freed; NULL: the map is not a file. */
char *postfix_file_of(const char *map);
/* Frees all but the settings. */
void postfix_state_end(struct postfix_state *);

/* What is to be done if Postfix's settings cannot be read, to be freed. */
char *postfix_set_up(const char *why, const struct remedies *);

/* postfix_lists.c: is the map asked, in the right place? */
void postfix_examine_lists(struct postfix_state *);
/* postfix_files.c: files, sockets and processes */
void postfix_examine_files(struct postfix_state *);

/* The lists that Postfix looks into for each recipient, in its order; ends with
 * NULL. */
const char *const *postfix_lists(void);

#endif
