/*
 * journal_files: the files that libsystemd reads as one journal.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_FILES_H
#define DAEMON_JOURNAL_JOURNAL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/journal/journal_header.h"

struct journal_spec;

struct journal_file {
	char *path;
	int fd; /* -1: not archived, or of a kind that is not known */
	struct journal_header header;
};
/* Zero-initialize it. */
struct journal_files {
	struct journal_file *list;
	size_t count;
};

/* Finds the files that have entries. -1: not all of them could be looked at, or
 * there are too many. */
int journal_files_find(struct journal_files *, const struct journal_spec *);
/* Closes what is open, and keeps the names. */
void journal_files_release(struct journal_files *);
void journal_files_clear(struct journal_files *);

#endif
