/*
 * list_file: a list of recipients, one entry a line, read from a file.
 *
 * Blanks, TABs and CRs at both ends of a line do not count, nor do empty lines
 * and lines that begin with `#'. After the first blank within a line the rest
 * is dropped, so the source of a Postfix map can be read, too. The entries are
 * those of tools/gateway/address.h; other lines are reported.
 */
#ifndef TOOLS_RECIPIENTS_LIST_FILE_H
#define TOOLS_RECIPIENTS_LIST_FILE_H

#include <stdbool.h>

struct address_list;
struct complaints;
struct err;

enum list_state {
	LIST_WHOLE,
	LIST_UNTERMINATED, /* the last line has no newline */
	LIST_CHANGED,	   /* the file is not the one that was opened */
	LIST_TOO_LARGE,
	LIST_UNREADABLE, /* it cannot be opened, see err */
	LIST_FAILED,	 /* or not read to its end, see err */
};

/* path: "-" is standard input; a FIFO that nobody writes to is waited for, and
 * that is printed. The list is to be used only if it is whole, or
 * its last line is unterminated. */
enum list_state list_file_read(const char *path, struct address_list *,
			       struct complaints *, struct err *);

#endif
