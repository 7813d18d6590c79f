/*
 * journal_header: the first bytes of a file of the systemd journal:
 * systemd.io/JOURNAL_FILE_FORMAT.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_HEADER_H
#define DAEMON_JOURNAL_JOURNAL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/journal/journal_place.h"

struct journal_header {
	bool archived; /* nobody writes to it any more */
	bool known;    /* it has no feature that this program does not know */
	bool compact;  /* offsets in lists have 4 bytes, not 8 */
	unsigned char sequence[JOURNAL_ID_BYTES];
	dev_t device;
	ino_t inode;
	uint64_t start, end;	 /* where objects may be */
	uint64_t entries, array; /* array: the first object of type 6 */
	uint64_t field_table, field_table_len;
	/* Of the first and the last entry, if there are any. */
	uint64_t head_number, tail_number, head_usec, tail_usec;
};

/* Whether the file may have that entry, or one that comes after it. Where files
 * do not number their entries together, only libsystemd can tell. */
bool journal_header_reaches(const struct journal_header *,
			    const struct journal_place *);

/* 0, or -1: libsystemd would not read the file either. */
int journal_header_read(struct journal_header *, int fd);

/* An integer of the file, which is in little endian everywhere. */
uint64_t journal_u64(const unsigned char *);
uint32_t journal_u32(const unsigned char *);
/* pread(2) of all bytes. -1: they are not all there. */
int journal_pread(int fd, void *to, size_t len, uint64_t offset);

#endif
