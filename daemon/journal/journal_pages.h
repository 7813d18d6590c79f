/*
 * journal_pages: parts of archived journal files in memory.
 *
 * They are read, not mapped: a file that becomes shorter while it is read ends
 * in an error, and not in SIGBUS. There is room for some parts; of more, the
 * one that was not used for longest is forgotten.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_PAGES_H
#define DAEMON_JOURNAL_JOURNAL_PAGES_H

#include <stddef.h>
#include <stdint.h>

struct journal_pages;

/* A file to read; id: another one for each file that was ever read. */
struct journal_pages_file {
	int fd;
	uint64_t id, end; /* end: nothing is read beyond it */
};

/* The most that journal_pages_at() can be asked for. */
enum { JOURNAL_PAGES_OBJECT_MAX = 60 * 1024 };

struct journal_pages *journal_pages_new(void);
void journal_pages_free(struct journal_pages **);

/* The bytes at an offset; reads them, and many that follow, if need be. Valid
 * until the next call. NULL: they are not in the file. */
const unsigned char *journal_pages_at(struct journal_pages *,
				      const struct journal_pages_file *,
				      uint64_t offset, size_t len);
/* The same, but reads nothing, and what is borrowed stays valid. NULL: they are
 * not in memory. */
const unsigned char *journal_pages_find(struct journal_pages *,
					const struct journal_pages_file *,
					uint64_t offset, size_t len);

#endif
