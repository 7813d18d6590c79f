#include "base/fingerprint.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"

enum { NOISE_MIN = 64 };

/* Checkpoints contain hashes made with it, so it must never change. */
static const uint64_t SEED = 0x706f702d62656672;

/* Hashes len bytes at offset. 0, or -1: they cannot all be read. */
static int
hash_range(fingerprint_read_fn *read_fn, void *arg, uint64_t offset,
	   uint32_t len, uint64_t *hash)
{
	unsigned char bytes[FINGERPRINT_HEAD_MAX];
	int64_t got;

	if (len > sizeof(bytes))
		return -1;
	got = len == 0 ? 0 : read_fn(arg, bytes, len, offset);
	if (got != (int64_t)len) {
		if (got >= 0)
			errno = 0;
		return -1;
	}
	*hash = hash_bytes(SEED, bytes, len);
	return 0;
}

static uint32_t
at_most(uint64_t value, uint32_t limit)
{
	return value < limit ? (uint32_t)value : limit;
}

int
fingerprint_take(struct fingerprint *print, fingerprint_read_fn *read_fn,
		 void *arg, uint64_t offset, struct err *err)
{
	struct fingerprint taken = {
	    .offset = offset,
	    .head_len = at_most(offset, FINGERPRINT_HEAD_MAX),
	    .tail_len = at_most(offset, FINGERPRINT_TAIL_MAX),
	};

	if (hash_range(read_fn, arg, 0, taken.head_len, &taken.head) < 0 ||
	    hash_range(read_fn, arg, offset - taken.tail_len, taken.tail_len,
		       &taken.tail) < 0)
		return err_set(err, "read: %s",
			       errno ? strerror(errno) : "shorter than it was");
	*print = taken;
	return 0;
}

bool
fingerprint_matches(const struct fingerprint *print,
		    fingerprint_read_fn *read_fn, void *arg)
{
	uint64_t head, tail;

	if (print->head_len != at_most(print->offset, FINGERPRINT_HEAD_MAX) ||
	    print->tail_len != at_most(print->offset, FINGERPRINT_TAIL_MAX))
		return false; /* fingerprint_take() did not make it */
	if (hash_range(read_fn, arg, 0, print->head_len, &head) < 0 ||
	    hash_range(read_fn, arg, print->offset - print->tail_len,
		       print->tail_len, &tail) < 0)
		return false;
	return head == print->head && tail == print->tail;
}

int64_t
fingerprint_pread(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	int fd = *(const int *)arg;
	uint64_t done = 0;
	ssize_t got;

	while (done < len) {
		got = pread(fd, (char *)buf + done, len - done,
			    (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (uint64_t)got;
	}
	return (int64_t)done;
}

bool
fingerprint_is_noise(fingerprint_read_fn *read, void *arg)
{
	char bytes[FINGERPRINT_HEAD_MAX];
	int64_t len = read(arg, bytes, sizeof(bytes), 0);
	int64_t controls = 0;

	for (int64_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		controls += c < ' ' && strchr("\t\n\v\f\r\033", c) == NULL;
	}
	return len >= NOISE_MIN && controls > len / 32;
}
