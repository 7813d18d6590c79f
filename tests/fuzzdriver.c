/*
 * fuzzdriver: what stands in for libFuzzer where there is no clang.
 *
 *	NAME [SECONDS] [SEED]
 *
 * Gives the target NAME all that is kept in tests/fuzz/corpus/NAME, and then,
 * for SECONDS, what becomes of that by chance. Prints TAP. What it cannot
 * survive is in NAME.crash beside the program.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/tap.h"

enum { INPUT_MAX = 4096, SECONDS = 10, CHANGESET_MAX = 8 };

struct input {
	uint8_t bytes[INPUT_MAX];
	size_t len;
};

struct corpus {
	struct input *list;
	size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

/* Below n; xorshift. */
static size_t
any(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n > 0 ? (size_t)(state % n) : 0;
}

/* ---- what is kept ---- */

static void
add_file(struct corpus *c, int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct input *input;
	ssize_t len;

	if (fd < 0)
		return;
	c->list = alloc_resize(c->list, c->count + 1, sizeof(*c->list));
	input = &c->list[c->count];
	len = read(fd, input->bytes, sizeof(input->bytes));
	close(fd);
	if (len < 0)
		return;
	input->len = (size_t)len;
	c->count++;
}

static void
load(struct corpus *c, const char *target)
{
	char *path = alloc_format("tests/fuzz/corpus/%s", target);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			add_file(c, dirfd(dir), entry->d_name);
	if (dir != NULL)
		closedir(dir);
	free(path);
}

/* ---- what becomes of it ---- */

static void
drop(struct input *in, size_t at, size_t len)
{
	memmove(in->bytes + at, in->bytes + at + len, in->len - at - len);
	in->len -= len;
}

/* bytes may be in's own. */
static void
insert(struct input *in, size_t at, const uint8_t *bytes, size_t len)
{
	uint8_t copy[INPUT_MAX];

	if (len > INPUT_MAX - in->len)
		len = INPUT_MAX - in->len;
	memcpy(copy, bytes, len);
	memmove(in->bytes + at + len, in->bytes + at, in->len - at);
	memcpy(in->bytes + at, copy, len);
	in->len += len;
}

static void
change(struct input *in, const struct corpus *c)
{
	static const char odd[] = "\0\n\r\t \"'<>[](){}:;,=|\\*?%-0179\177\377";
	const struct input *other = &c->list[any(c->count)];
	size_t at = any(in->len + 1), from = any(other->len);
	uint8_t byte =
	    (uint8_t)(any(3) ? (size_t)odd[any(sizeof(odd) - 1)] : any(256));

	switch (any(5)) {
	case 0:
		if (at < in->len)
			in->bytes[at] = byte;
		break;
	case 1:
		insert(in, at, &byte, 1);
		break;
	case 2:
		drop(in, at, any(in->len - at + 1));
		break;
	case 3:
		insert(in, at, other->bytes + from, any(other->len - from + 1));
		break;
	case 4:
		in->len = at;
		break;
	}
}

/* ---- the run ---- */

/* A mapping of a file outlives a crash. */
static struct input *
keep_last(const char *program)
{
	char *path = alloc_format("%s.crash", program);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	void *at = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct input)) == 0)
		at = mmap(NULL, sizeof(struct input), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	free(path);
	return at != MAP_FAILED ? at : alloc_zero(1, sizeof(struct input));
}

static void
run(const struct input *input)
{
	uint8_t *exact = alloc_zero(input->len + 1, 1);

	/* At its end: what reads beyond it is seen. */
	exact = alloc_resize(exact, input->len ? input->len : 1, 1);
	memcpy(exact, input->bytes, input->len);
	LLVMFuzzerTestOneInput(exact, input->len);
	free(exact);
}

static size_t
run_changed(struct input *last, const struct corpus *c, long seconds)
{
	time_t end = time(NULL) + seconds;
	size_t runs = 0;

	while (c->count > 0 && time(NULL) < end) {
		*last = c->list[any(c->count)];
		for (size_t n = 1 + any(CHANGESET_MAX); n > 0; n--)
			change(last, c);
		run(last);
		runs++;
	}
	return runs;
}

int
main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : SECONDS;
	const char *slash = strrchr(argv[0], '/');
	const char *target = slash != NULL ? slash + 1 : argv[0];
	struct input *last = keep_last(argv[0]);
	struct corpus corpus = {NULL, 0};
	size_t runs;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	printf("# %s %ld %llu\n", argv[0], seconds, (unsigned long long)state);
	state = state * 2 + 1;
	load(&corpus, target);
	for (size_t i = 0; i < corpus.count; i++) {
		*last = corpus.list[i];
		run(last);
	}
	ok(corpus.count > 0, "%zu kept inputs of %s", corpus.count, target);
	runs = run_changed(last, &corpus, seconds);
	ok(runs > 0, "and %zu that came of them by chance", runs);
	free(corpus.list);
	return tap_done();
}
