/* Reading a whole file, up to a limit. */
#include "base/readfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

enum { BLOCK = 1000, BLOCKS = 100, SIZE = BLOCK * BLOCKS };

static void
fill(int fd)
{
	char block[BLOCK];
	int written = 0;

	for (int i = 0; i < BLOCKS; i++) {
		memset(block, 'a' + i % 26, sizeof(block));
		written += write(fd, block, sizeof(block)) == BLOCK;
	}
	is_int(written, BLOCKS, "a file of %d bytes", SIZE);
}

static int
count_wrong(const char *text)
{
	int wrong = 0;

	for (int i = 0; i < SIZE; i++)
		wrong += text[i] != 'a' + i / BLOCK % 26;
	return wrong;
}

static void
whole(const char *name)
{
	struct err err;
	size_t len;
	char *text = readfile(name, SIZE, &len, &err);

	is_int((long long)len, SIZE, "is read whole");
	is_int(count_wrong(text), 0, "each byte of it");
	is_int(text[SIZE], 0, "and ends with a NUL");
	free(text);
}

static void
bounded(const char *name)
{
	char want[512];
	struct err err;
	size_t len;

	ok(readfile(name, SIZE - 1, &len, &err) == NULL, "not beyond a bound");
	snprintf(want, sizeof(want), "%s: larger than %d bytes", name,
		 SIZE - 1);
	is_str(err.text, want, "which is the reason");
}

/* From where the descriptor is. */
static void
descriptor(int fd)
{
	struct err err;
	size_t len;
	char *text;

	lseek(fd, -2, SEEK_END);
	text = readfile_fd(fd, "x", 2, &len, &err);
	is_str(text, "vv", "the last two bytes");
	free(text);
	text = readfile_fd(fd, "x", 0, &len, &err);
	ok(text != NULL && len == 0 && *text == '\0', "then nothing");
	free(text);
	ok(readfile_fd(-1, "x", 2, &len, &err) == NULL, "no descriptor");
	is_str(err.text, "x: read: Bad file descriptor", "which is the reason");
}

static void
unreadable(void)
{
	struct err err;
	size_t len;

	ok(readfile("/nonexistent/x", 10, &len, &err) == NULL, "no file");
	is_str(err.text, "/nonexistent/x: open: No such file or directory",
	       "which is the reason");
	ok(readfile("/tmp", 10, &len, &err) == NULL, "a directory");
	is_str(err.text, "/tmp: read: Is a directory", "which is the reason");
}

int
main(void)
{
	char name[] = "/tmp/pbs-readfile.XXXXXX";
	int fd = mkstemp(name);

	fill(fd);
	whole(name);
	bounded(name);
	descriptor(fd);
	close(fd);
	unlink(name);
	unreadable();
	return tap_done();
}
