#include "daemon/journal/journal_header.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offsets in the file. LEN: of the oldest header that is still read. */
enum {
	INCOMPATIBLE = 12,
	STATE = 16,
	SEQUENCE = 72,
	SIZE = 88,
	ARENA = 96,
	DATA_TABLE = 104,
	DATA_TABLE_SIZE = 112,
	FIELD_TABLE = 120,
	FIELD_TABLE_SIZE = 128,
	TAIL_OBJECT = 136,
	ENTRIES = 152,
	TAIL_NUMBER = 160,
	HEAD_NUMBER = 168,
	ARRAY = 176,
	HEAD_USEC = 184,
	TAIL_USEC = 192,
	LEN = 208
};
static const char SIGNATURE[8] = "LPKSHHRH";

enum { ARCHIVED = 2, STATES = 3 };

/* Hashes with a key do not matter here: nothing is looked up by its hash. How
 * data is compressed does not either: libsystemd reads what is. */
enum {
	XZ = 1 << 0,
	LZ4 = 1 << 1,
	KEYED_HASH = 1 << 2,
	ZSTD = 1 << 3,
	COMPACT = 1 << 4,
	KNOWN = XZ | LZ4 | KEYED_HASH | ZSTD | COMPACT
};

uint64_t
journal_u64(const unsigned char *bytes)
{
	uint64_t n;

	memcpy(&n, bytes, sizeof(n));
	return le64toh(n);
}

uint32_t
journal_u32(const unsigned char *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return le32toh(n);
}

int
journal_pread(int fd, void *to, size_t len, uint64_t offset)
{
	char *at = to;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static bool
is_inside(const struct journal_header *h, uint64_t offset, uint64_t len)
{
	return offset % 8 == 0 && offset >= h->start && offset < h->end &&
	       len <= h->end - offset;
}

/* What is not read here has to be sound, too, or libsystemd may refuse the
 * file. */
static bool
is_sound(const struct journal_header *h, const unsigned char *bytes)
{
	uint64_t tail = journal_u64(bytes + TAIL_OBJECT);

	return is_inside(h, tail, 0) &&
	       is_inside(h, journal_u64(bytes + DATA_TABLE),
			 journal_u64(bytes + DATA_TABLE_SIZE)) &&
	       is_inside(h, journal_u64(bytes + FIELD_TABLE),
			 journal_u64(bytes + FIELD_TABLE_SIZE)) &&
	       tail > journal_u64(bytes + DATA_TABLE) &&
	       tail > journal_u64(bytes + FIELD_TABLE);
}

static void
read_fields(struct journal_header *h, const unsigned char *bytes)
{
	uint32_t features = journal_u32(bytes + INCOMPATIBLE);

	h->archived = bytes[STATE] == ARCHIVED;
	h->known = (features & ~(uint32_t)KNOWN) == 0 && is_sound(h, bytes);
	h->compact = (features & COMPACT) != 0;
	memcpy(h->sequence, bytes + SEQUENCE, JOURNAL_ID_BYTES);
	h->entries = journal_u64(bytes + ENTRIES);
	h->array = journal_u64(bytes + ARRAY);
	h->field_table = journal_u64(bytes + FIELD_TABLE);
	h->field_table_len = journal_u64(bytes + FIELD_TABLE_SIZE);
	h->head_number = journal_u64(bytes + HEAD_NUMBER);
	h->tail_number = journal_u64(bytes + TAIL_NUMBER);
	h->head_usec = journal_u64(bytes + HEAD_USEC);
	h->tail_usec = journal_u64(bytes + TAIL_USEC);
}

bool
journal_header_reaches(const struct journal_header *h,
		       const struct journal_place *from)
{
	return !h->archived || h->tail_number >= from->number ||
	       memcmp(h->sequence, from->sequence, JOURNAL_ID_BYTES) != 0;
}

int
journal_header_read(struct journal_header *h, int fd)
{
	unsigned char bytes[LEN];
	uint64_t size, arena;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    journal_pread(fd, bytes, sizeof(bytes), 0) != 0 ||
	    memcmp(bytes, SIGNATURE, sizeof(SIGNATURE)) != 0 ||
	    bytes[STATE] >= STATES)
		return -1;
	size = journal_u64(bytes + SIZE);
	arena = journal_u64(bytes + ARENA);
	if (size < LEN || size > (uint64_t)st.st_size ||
	    arena > (uint64_t)st.st_size - size)
		return -1;
	*h = (struct journal_header){.device = st.st_dev,
				     .inode = st.st_ino,
				     .start = size,
				     .end = size + arena};
	read_fields(h, bytes);
	return 0;
}
