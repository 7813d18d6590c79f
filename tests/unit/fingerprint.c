/* fingerprint: a position in a log is recognized by the bytes around it. */
#include "base/fingerprint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

/* A log in memory. */
struct text {
	char bytes[8192];
	uint64_t len;
};

static int64_t
read_text(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	const struct text *text = arg;

	if (offset >= text->len)
		return 0;
	if (len > text->len - offset)
		len = text->len - offset;
	memcpy(buf, text->bytes + offset, len);
	return (int64_t)len;
}

static int64_t
read_nothing(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	(void)arg, (void)buf, (void)len, (void)offset;
	return -1;
}

static struct text
make_text(uint64_t len)
{
	struct text text = {.len = len};

	for (uint64_t i = 0; i < len; i++)
		text.bytes[i] = (char)('a' + i * i % 23);
	return text;
}

static void
test_one(uint64_t offset)
{
	struct text text = make_text(5000), other;
	struct fingerprint print;
	struct err err;

	is_int(fingerprint_take(&print, read_text, &text, offset, &err), 0,
	       "a place at %d", (int)offset);
	ok(fingerprint_matches(&print, read_text, &text), "is found again");
	other = text;
	other.len = 8000;
	other.bytes[offset]++;
	ok(fingerprint_matches(&print, read_text, &other),
	   "also when the log has grown after it");
	other = text;
	other.len = offset;
	ok(fingerprint_matches(&print, read_text, &other),
	   "also when nothing follows it");
	if (offset == 0)
		return;
	other.bytes[0]++;
	ok(!fingerprint_matches(&print, read_text, &other),
	   "not in a log that begins otherwise");
	other = text;
	other.bytes[offset - 1]++;
	ok(!fingerprint_matches(&print, read_text, &other),
	   "not when another byte precedes it");
	other = text;
	other.len = offset - 1;
	ok(!fingerprint_matches(&print, read_text, &other),
	   "not in a log that is shorter");
	ok(!fingerprint_matches(&print, read_nothing, &text),
	   "not where nothing can be read");
}

static void
test_refusals(void)
{
	struct text text = make_text(100);
	struct fingerprint print = {0};
	struct err err;

	is_int(fingerprint_take(&print, read_text, &text, 101, &err), -1,
	       "beyond the end is no place");
	is_str(err.text, "read: shorter than it was", "and it is reported");
	fingerprint_take(&print, read_text, &text, 100, &err);
	print.tail_len = 0;
	ok(!fingerprint_matches(&print, read_text, &text),
	   "a print that proves less than it should does not match");
	print.head_len = print.tail_len = 4000000000U;
	ok(!fingerprint_matches(&print, read_text, &text),
	   "nor one with lengths that were made up");
}

static void
test_descriptor(void)
{
	char name[] = "/tmp/fingerprint-XXXXXX";
	struct fingerprint print;
	struct err err = {""};
	int fd = mkstemp(name), none = -1;

	unlink(name);
	ok(write(fd, "one\ntwo\nthree\n", 14) == 14, "in a file");
	is_int(fingerprint_take(&print, fingerprint_pread, &fd, 8, &err), 0,
	       "a place can be taken");
	ok(fingerprint_matches(&print, fingerprint_pread, &fd), "and found");
	ok(ftruncate(fd, 0) == 0 &&
	       pwrite(fd, "ONE\nTWO\nTHREE\nFOUR\n", 19, 0) == 19,
	   "truncated and grown past the place");
	ok(!fingerprint_matches(&print, fingerprint_pread, &fd),
	   "it is no more, under the same inode");
	close(fd);
	is_int(fingerprint_take(&print, fingerprint_pread, &none, 8, &err), -1,
	       "what cannot be read has no place");
	is_str(err.text, "read: Bad file descriptor",
	       "and the reason is reported");
}

static void
test_noise(void)
{
	struct text text = make_text(5000);
	uint32_t state = 1;

	ok(!fingerprint_is_noise(read_text, &text), "a log is no noise");
	memset(text.bytes, 0, 2000);
	ok(!fingerprint_is_noise(read_text, &text), "nor are NULs of a crash");
	ok(!fingerprint_is_noise(read_nothing, NULL), "nor is nothing");
	for (size_t i = 0; i < sizeof(text.bytes); i++) {
		state = state * 1664525 + 1013904223;
		text.bytes[i] = (char)(state >> 24);
	}
	ok(fingerprint_is_noise(read_text, &text), "random bytes are");
	text.len = 300;
	ok(fingerprint_is_noise(read_text, &text), "also fewer");
}

int
main(void)
{
	static const uint64_t offsets[] = {0,	 1,    255,  256, 257,
					   1023, 1024, 1025, 4999};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		test_one(offsets[i]);
	test_refusals();
	test_descriptor();
	test_noise();
	return tap_done();
}
