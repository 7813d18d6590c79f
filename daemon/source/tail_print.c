/* By what a file is known again: the fingerprints of what was read of it. */
#include "daemon/source/tail.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"

struct memory {
	const char *head;
	const struct before *before;
	uint64_t end; /* the offset where `before` ends */
};

static int64_t
read_memory(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	const struct memory *m = arg;
	uint64_t begin = m->end - m->before->len;

	if (offset + len <= FINGERPRINT_HEAD_MAX)
		memcpy(buf, m->head + offset, len);
	else if (offset >= begin && offset + len <= m->end)
		memcpy(buf, m->before->bytes + (offset - begin), len);
	else
		return -1;
	return (int64_t)len;
}

static void
print_at(const struct tail *tail, const struct before *before, uint64_t offset,
	 struct fingerprint *print)
{
	struct memory memory = {tail->head, before, offset};
	struct err err;
	int result =
	    fingerprint_take(print, read_memory, &memory, offset, &err);

	assert(result == 0);
}

void
tail_print_place(const struct tail *tail, struct fingerprint *print)
{
	print_at(tail, &tail->before_place, tail->place, print);
}

void
tail_print_offset(const struct tail *tail, struct fingerprint *print)
{
	print_at(tail, &tail->before_offset, tail->offset, print);
}

void
tail_print_contents(const struct tail *tail, struct fingerprint *print)
{
	struct err err;

	if (tail->unpack != NULL ||
	    fingerprint_take(print, tail_bytes, (void *)(uintptr_t)tail,
			     tail_size(tail), &err) != 0)
		print->offset = 0;
}

void
tail_print_known(const struct tail *tail, struct fingerprint *print)
{
	if (tail->offset > 0)
		tail_print_offset(tail, print);
	else
		tail_print_contents(tail, print);
}

bool
tail_holds(const struct tail *tail, const struct fingerprint *print)
{
	return fingerprint_matches(print, tail_bytes, (void *)(uintptr_t)tail);
}
