/*
 * importing: what the verbs that carry over the files of another mail system
 * have in common: options, and what becomes of the result.
 */
#ifndef TOOLS_POSTFIX_IMPORTING_H
#define TOOLS_POSTFIX_IMPORTING_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/postfix/outset.h"
#include "tools/postfix/remarks.h"

struct verb;

struct importing {
	const struct verb *verb;
	const struct outpart *parts;
	bool takes_arguments; /* --xmail-args */
	/* What importing_options() finds. */
	const char *only, *to, *arguments; /* NULL: not given */
	const char *source;		   /* MAILROOT or a file */
	const char *map;		   /* that of the daemon */
	char *directory;   /* of the tables, as main.cf names them */
	bool force;	   /* replace anything in that directory */
	size_t max_shrink; /* percent of a table that may go */
	bool done;	   /* --help has been printed */
};

/* EX_OK; or an exit code, and what is wrong has been reported. */
int importing_options(struct importing *, int argc, char **argv);
void importing_clear(struct importing *);

/* Prints or writes what was made, unless it was refused. Returns the exit
 * code. */
int importing_finish(const struct importing *, const struct remarks *,
		     struct outset *);

#endif
