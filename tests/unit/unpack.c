/*
 * Compressed logs are read as if they were not, at any offset; files that were
 * joined are one, and of a file that is cut or damaged, the sound part is read
 * before the error.
 */
#include "daemon/unpack/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/tap.h"

enum { SIZE = 1200 * 1024 + 17 };

static char dir[] = "/tmp/unpack.XXXXXX";
static char *text;

static char *
in(const char *name)
{
	return alloc_format("%s/%s", dir, name);
}

static int
run(const char *command)
{
	char *line = alloc_format("cd %s && %s 2>/dev/null", dir, command);
	int result = system(line);

	free(line);
	return result;
}

static struct unpack *
open_file(const char *name, int *fd)
{
	char *path = in(name);

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	return unpack_open(*fd);
}

static void
close_file(struct unpack *u, int fd)
{
	unpack_close(&u);
	close(fd);
}

/* How many bytes can be read before the end or an error; -1: others. */
static int64_t
read_all(struct unpack *u, const char *expected, int64_t *last)
{
	static char buffer[100003];
	int64_t total = 0;

	while ((*last = unpack_read(u, buffer, sizeof(buffer),
				    (uint64_t)total)) > 0) {
		if (memcmp(buffer, expected + total % SIZE,
			   (size_t)*last > SIZE - (size_t)(total % SIZE)
			       ? SIZE - (size_t)(total % SIZE)
			       : (size_t)*last) != 0)
			return -1;
		total += *last;
	}
	return total;
}

static void
at_offsets(struct unpack *u, const char *how)
{
	char buffer[4096];
	bool same = true;
	uint32_t seed = 1;

	for (int i = 0; i < 12; i++) {
		uint64_t offset;

		seed = seed * 1103515245 + 12345;
		offset = seed % (SIZE - sizeof(buffer));
		same = same &&
		       unpack_read(u, buffer, sizeof(buffer), offset) ==
			   (int64_t)sizeof(buffer) &&
		       memcmp(buffer, text + offset, sizeof(buffer)) == 0;
	}
	ok(same, "%s: any offset", how);
	is_int(unpack_read(u, buffer, sizeof(buffer), SIZE - 5), 5,
	       "%s: the last bytes", how);
	is_int(unpack_read(u, buffer, sizeof(buffer), SIZE + 5), 0,
	       "%s: after the end", how);
}

static void
whole(const char *suffix, const char *how)
{
	char *name = alloc_format("log%s", suffix);
	int fd;
	struct unpack *u = open_file(name, &fd);
	int64_t last;

	ok(u != NULL, "%s: known by its first bytes", how);
	is_int(read_all(u, text, &last), SIZE, "%s: all of it", how);
	is_int(last, 0, "%s: then the end", how);
	at_offsets(u, how);
	close_file(u, fd);
	free(name);
}

static void
joined(const char *suffix, const char *how)
{
	char *command = alloc_format("(cat log%s log%s; printf 12345) >joined",
				     suffix, suffix);
	int fd;
	struct unpack *u;
	int64_t last;

	run(command);
	u = open_file("joined", &fd);
	is_int(read_all(u, text, &last), 2 * (int64_t)SIZE,
	       "%s: two joined, and a tail", how);
	is_int(last, 0, "%s: without an error", how);
	close_file(u, fd);
	free(command);
}

static void
cut(const char *suffix, const char *how)
{
	char *command = alloc_format("head -c-40 log%s >cut", suffix), byte;
	int fd;
	struct unpack *u;
	int64_t last;

	run(command);
	u = open_file("cut", &fd);
	ok(read_all(u, text, &last) >= 0, "%s: cut: the sound part", how);
	is_int(last, -1, "%s: then an error", how);
	is_int(errno, EIO, "%s: which is EIO", how);
	is_int(unpack_read(u, &byte, 1, 0), 1, "%s: its beginning again", how);
	close_file(u, fd);
	free(command);
}

static void
without_data(const char *program, const char *suffix)
{
	char *command = alloc_format(": >empty; %s -f empty", program);
	char *name = alloc_format("empty%s", suffix);
	int fd;
	struct unpack *u;
	int64_t last;

	run(command);
	u = open_file(name, &fd);
	ok(u != NULL, "%s: an empty file is known, too", program);
	is_int(u != NULL ? read_all(u, text, &last) : -1, 0,
	       "%s: and has no byte", program);
	close_file(u, fd);
	free(name);
	free(command);
}

static void
with(const char *program, const char *suffix)
{
	char *command = alloc_format("%s -kf log", program);
	char *name = alloc_format("log%s", suffix);
	bool readable;

	unpack_suffix(name, &readable);
	if (!readable)
		tap_skip(program, "built without its library");
	else if (run(command) != 0)
		tap_skip(program, "it is not installed");
	else {
		whole(suffix, program);
		joined(suffix, program);
		cut(suffix, program);
		without_data(program, suffix);
	}
	free(name);
	free(command);
}

/* Needs a window that is larger than the limit. */
static void
too_much_memory(void)
{
	int fd;
	struct unpack *u;
	int64_t last;

	if (run("xz -kf --lzma2=dict=192MiB log") != 0) {
		tap_skip("memory", "xz is not installed");
		return;
	}
	u = open_file("log.xz", &fd);
	if (u != NULL) {
		is_int(read_all(u, text, &last), 0, "xz, too much memory");
		is_int(last, -1, "is an error");
	}
	close_file(u, fd);
}

static void
names(void)
{
	static const char *const suffixed[] = {"log.gz",  "log.1.xz", "a.bz2",
					       "log.zst", "log.lz4",  "log.Z"};
	bool readable;

	for (size_t i = 0; i < sizeof(suffixed) / sizeof(suffixed[0]); i++)
		ok(unpack_suffix(suffixed[i], &readable) ==
		       strrchr(suffixed[i], '.'),
		   "%s: a suffix", suffixed[i]);
	ok(!readable, ".Z is not read");
	ok(unpack_suffix("log.1", &readable) == NULL, "log.1: none");
	ok(unpack_suffix(".gz", &readable) == NULL, ".gz: a name");
}

static void
not_compressed(void)
{
	int fd;
	struct unpack *u = open_file("log", &fd);

	ok(u == NULL, "a plain file");
	close_file(u, fd);
}

static void
write_log(void)
{
	char *path = in("log");
	FILE *file = fopen(path, "w");
	uint32_t seed = 7;

	text = alloc_zero(1, SIZE);
	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = i % 80 == 79 ? '\n' : "etaoin sr"[seed >> 16 & 7];
	}
	fwrite(text, 1, SIZE, file);
	fclose(file);
	free(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	write_log();
	names();
	not_compressed();
	with("gzip", ".gz");
	with("bzip2", ".bz2");
	with("xz", ".xz");
	with("zstd -q", ".zst");
	too_much_memory();
	run("rm -f log* joined cut empty*");
	rmdir(dir);
	free(text);
	return tap_done();
}
