/*
 * edit: changes main.cf with postconf(1), either itself or a copy that shows the
 * effect.
 */
#ifndef TOOLS_SETUP_EDIT_H
#define TOOLS_SETUP_EDIT_H

struct err;
struct strings;

/* Runs `postconf -e' with these settings, "NAME = VALUE" each. 0; -1: see err.
 */
int edit_apply(const struct strings *settings, struct err *);

/* Copies a file, with its owner and mode, to a new name. 0; -1: see err. */
int edit_copy(const char *from, const char *to, struct err *);

/* A private copy of main.cf and master.cf. */
struct edit_trial {
	char directory[64]; /* "": none */
	char *before;	    /* MAIL_CONFIG, or NULL */
};

/*
 * Copies the settings from a directory, edits the copy, and lets Postfix's
 * commands read it (MAIL_CONFIG), until edit_end(), which must be called even
 * after a failure. 0; -1: see err.
 */
int edit_try(struct edit_trial *, const char *directory,
	     const struct strings *settings, struct err *);
void edit_end(struct edit_trial *);

#endif
