/*
 * outdir: a directory that the files of an import are written to, and what is
 * there already.
 */
#ifndef TOOLS_POSTFIX_OUTDIR_H
#define TOOLS_POSTFIX_OUTDIR_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct outset;

/* All is borrowed. */
struct outdir {
	const char *name;  /* absolute */
	const char *verb;  /* is named in the first line of each file */
	const char *only;  /* write this part alone; NULL: all */
	bool force;	   /* replace anything by anything */
	size_t max_shrink; /* percent of a table's entries that may go */
};

/*
 * Writes the files, and makes the directory if it is missing. What is there is
 * kept as NAME.previous; nothing is written if nothing has changed. 0; or see
 * err, and nothing was replaced, unless the disk failed in between:
 *
 *	-1	others may write the directory; it has something else than a
 *		regular file in the place of one; a file cannot be written;
 *		without force, a file there does not name the verb in its
 *		first line, or a map has no such file beside it
 *	1	without force, too many entries of a table, or keys of a map,
 *		would go (tools/gateway/comparison.h), or the map cannot be
 *		read
 */
int outdir_write(const struct outdir *, struct outset *, struct err *);

#endif
