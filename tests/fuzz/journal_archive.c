/*
 *  Any bytes at all may be an archived journal file: it is refused, or read to
 * its end, or to a place where it is in doubt; a second reading finds the same.
 * Each entry has a higher number than the one before, and each field has a
 * name.
 */
#include "daemon/journal/journal_archive.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemon/journal/journal_breaks.h"
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum of all that was read. */
static uint64_t
read_fields(struct journal_archive *a, uint64_t sum)
{
	enum journal_field kind;
	const char *text;
	size_t len;

	for (size_t n = 0; (kind = journal_archive_field(a, n, &text, &len)) <
			   JOURNAL_FIELD_DOUBT;
	     n++) {
		if (kind != JOURNAL_FIELD_KEPT)
			continue;
		assert(len > 0 && memchr(text, '=', len) != NULL);
		sum = hash_bytes(sum, text, len);
	}
	return sum + kind;
}

static uint64_t
read_entries(struct journal_archive *a)
{
	struct journal_place p = {.number = 0};
	uint64_t last = 0, sum = 0;
	int result;

	while ((result = journal_archive_next(a, &p)) > 0) {
		assert(p.number > last);
		last = p.number;
		sum = read_fields(a, sum + p.usec);
	}
	return sum - (uint64_t)result;
}

/* From the beginning, and again with what is remembered of it. */
static void
read_twice(struct journal_archive *a, const struct journal_header *header)
{
	uint64_t sum = read_entries(a);

	if (journal_archive_seek_number(a, 0) == 0)
		assert(read_entries(a) == sum);
	if (journal_archive_seek_usec(a, header->tail_usec) == 0)
		read_entries(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	struct journal_archive_memory *memory;
	struct journal_archive *archive;
	struct journal_header header;
	bool may_cut;

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (journal_header_read(&header, fd) != 0) {
		close(fd);
		return 0;
	}
	header.archived = header.known = true;
	may_cut = journal_breaks_may_cut(&header, fd);
	assert(journal_breaks_may_cut(&header, fd) == may_cut);
	memory = journal_archive_memory_new(journal_entry_needs);
	archive = journal_archive_open(fd, &header, memory);
	if (archive != NULL)
		read_twice(archive, &header);
	journal_archive_close(&archive);
	journal_archive_memory_free(&memory);
	return 0;
}
