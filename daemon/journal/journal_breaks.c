#include "daemon/journal/journal_breaks.h"

#include <stdint.h>
#include <string.h>

#include "daemon/journal/journal_header.h"

/* Offsets in the objects: systemd.io/JOURNAL_FILE_FORMAT. */
enum { TYPE = 0, FLAGS = 1, SIZE = 8 };
enum { TYPE_DATA = 1, TYPE_FIELD = 2 };
enum { FIELD_NEXT_HASH = 24, FIELD_DATA = 32, FIELD_LEN = 40 };
enum { DATA_NEXT_FIELD = 32, DATA_LEN = 64, DATA_LEN_COMPACT = 72 };
enum { BUCKET_LEN = 16 };

/* More than a file has: BUCKETS_MAX of its table, FIELDS_MAX with different
 * names, VALUES_MAX of this field, of which journald writes four. */
enum { BUCKETS_MAX = 2048, FIELDS_MAX = 1024, VALUES_MAX = 16 };

/* Why a line ends without a newline. At the end of the stream, nothing follows
 * that belongs to it. */
static const char NAME[] = "_LINE_BREAK", END[] = "_LINE_BREAK=eof";
/* Only an entry that was cut has it. */
static const char PARTIAL[] = "CONTAINER_PARTIAL_MESSAGE";

enum { NAME_LEN = sizeof(NAME) - 1, END_LEN = sizeof(END) - 1 };
enum { PARTIAL_LEN = sizeof(PARTIAL) - 1 };
enum { BYTES = DATA_LEN_COMPACT + END_LEN };

/* Reads the first bytes of an object, and its size. The text is what it has
 * after len bytes. False: in doubt. */
static bool
read_object(const struct journal_header *h, int fd, uint64_t offset, int type,
	    size_t len, unsigned char bytes[BYTES], uint64_t *size)
{
	if (offset % 8 != 0 || offset < h->start || offset > h->end ||
	    h->end - offset < BYTES ||
	    journal_pread(fd, bytes, BYTES, offset) != 0)
		return false;
	*size = journal_u64(bytes + SIZE);
	return bytes[TYPE] == type && bytes[FLAGS] == 0 && *size > len &&
	       *size <= h->end - offset;
}

static bool
is_text(const unsigned char *text, uint64_t len, const char *wanted,
	size_t wanted_len)
{
	return len == wanted_len && memcmp(text, wanted, wanted_len) == 0;
}

/* Whether any value of the field is another than END. Each is linked to the one
 * that was added before it. */
static bool
has_other_values(const struct journal_header *h, int fd, uint64_t offset)
{
	size_t len = h->compact ? DATA_LEN_COMPACT : DATA_LEN;
	unsigned char bytes[BYTES];
	uint64_t size;

	for (int n = 0; offset != 0; n++) {
		if (n == VALUES_MAX ||
		    !read_object(h, fd, offset, TYPE_DATA, len, bytes, &size) ||
		    !is_text(bytes + len, size - len, END, END_LEN))
			return true;
		offset = journal_u64(bytes + DATA_NEXT_FIELD);
	}
	return false;
}

/* The fields whose names have the same hash. Counts them, too. containers: what
 * journald itself has cut does not matter. */
static bool
bucket_may_cut(const struct journal_header *h, int fd, uint64_t offset,
	       bool containers, int *fields)
{
	unsigned char bytes[BYTES];
	uint64_t size;

	while (offset != 0) {
		if (++*fields > FIELDS_MAX ||
		    !read_object(h, fd, offset, TYPE_FIELD, FIELD_LEN, bytes,
				 &size))
			return true;
		if (is_text(bytes + FIELD_LEN, size - FIELD_LEN, PARTIAL,
			    PARTIAL_LEN))
			return true;
		if (!containers && is_text(bytes + FIELD_LEN, size - FIELD_LEN,
					   NAME, NAME_LEN))
			return has_other_values(
			    h, fd, journal_u64(bytes + FIELD_DATA));
		offset = journal_u64(bytes + FIELD_NEXT_HASH);
	}
	return false;
}

/* Looks at all fields: their hashes have a key, and which hash it is depends on
 * the file. */
static bool
may_cut(const struct journal_header *h, int fd, bool containers)
{
	unsigned char table[BUCKETS_MAX * BUCKET_LEN];
	uint64_t len = h->field_table_len;
	int fields = 0;

	if (len > sizeof(table) ||
	    journal_pread(fd, table, (size_t)len, h->field_table) != 0)
		return true;
	for (uint64_t at = 0; at + BUCKET_LEN <= len; at += BUCKET_LEN)
		if (bucket_may_cut(h, fd, journal_u64(table + at), containers,
				   &fields))
			return true;
	return false;
}

bool
journal_breaks_may_cut(const struct journal_header *h, int fd)
{
	return may_cut(h, fd, false);
}

bool
journal_breaks_containers(const struct journal_header *h, int fd)
{
	return may_cut(h, fd, true);
}
