/* resume: without a position, bisection finds the same place to begin as
 * reading all lines. */
#include "daemon/source/resume.h"

#include <fcntl.h>
#include <stdint.h>

#include "base/alloc.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

enum { TEXT_MAX = 4 * 1024 * 1024, LINES_MAX = 20000 };

struct text {
	char *bytes;
	size_t len;
	struct {
		size_t offset;
		time_t when; /* -1: no stamp */
	} lines[LINES_MAX];
	size_t nlines;
};

static char *top; /* a directory for the log */
static size_t probes, signs;

static int
counted_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	probes++;
	return follower_stamp(arg, line, len, when);
}

static void
count_sign(void *arg)
{
	(void)arg;
	signs++;
}

static void
add(struct text *t, time_t when, size_t pad)
{
	t->lines[t->nlines].offset = t->len;
	t->lines[t->nlines++].when = when;
	if (when >= 0)
		t->len += (size_t)sprintf(t->bytes + t->len, "%010lld ",
					  (long long)when);
	memset(t->bytes + t->len, 'x', pad);
	t->len += pad;
	t->bytes[t->len++] = '\n';
}

static struct text *
new_text(void)
{
	struct text *t = alloc_zero(1, sizeof(*t));

	t->bytes = alloc_zero(1, TEXT_MAX);
	return t;
}

static void
free_text(struct text *t)
{
	free(t->bytes);
	free(t);
}

static void
write_text(const char *path, const struct text *t)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, t->bytes, t->len) != (ssize_t)t->len) {
		printf("Bail out! no temporary file\n");
		exit(1);
	}
	close(fd);
}

/* Where a source would begin to read the log at the path. */
static uint64_t
seek_in(const char *path, time_t since)
{
	struct source_sink sink = {.stamp = counted_stamp,
				   .searching = count_sign};
	struct source_start start = {.since = since};
	struct resume_point point;

	resume_find(&point, path, &start, &sink);
	if (point.files.count != 1 || point.first != 0) {
		printf("Bail out! the log is not found\n");
		exit(1);
	}
	rotation_clear(&point.files);
	return point.offset;
}

static uint64_t
seek(const struct text *t, time_t since)
{
	char *path = alloc_format("%s/log", top);
	uint64_t offset;

	write_text(path, t);
	offset = seek_in(path, since);
	free(path);
	return offset;
}

/* Where the first line not older begins; the end if all are older. A log whose
 * first stamp is not older, or that has none, is read from its first byte. */
static uint64_t
walk(const struct text *t, time_t since)
{
	bool older = false;

	for (size_t i = 0; i < t->nlines; i++) {
		if (t->lines[i].when >= since)
			return older ? t->lines[i].offset : 0;
		older = older || t->lines[i].when >= 0;
	}
	return older ? t->len : 0;
}

static uint32_t
next_random(uint32_t *state)
{
	return (*state = *state * 1664525 + 1013904223) >> 8;
}

/* In order, but for lines without a stamp and a little disorder. */
static void
agrees(uint32_t seed, size_t lines, int unstamped, int disorder)
{
	struct text *t = new_text();
	uint32_t state = seed;
	time_t now = 1000;
	size_t wrong = 0;

	for (size_t i = 0; i < lines; i++) {
		now += next_random(&state) % 4;
		if ((int)(next_random(&state) % 100) < unstamped)
			add(t, -1, next_random(&state) % 400);
		else
			add(t,
			    now - (disorder
				       ? (time_t)next_random(&state) % disorder
				       : 0),
			    next_random(&state) % 200);
	}
	for (time_t since = 900; since < now + 100;
	     since += (now + 200 - 900) / 40)
		wrong += seek(t, since) != walk(t, since);
	is_int((long long)wrong, 0,
	       "%zu lines, %d%% without a stamp, %d s of disorder", lines,
	       unstamped, disorder);
	free_text(t);
}

static void
edges(void)
{
	struct text *t = new_text();

	is_int((long long)seek(t, 5), 0, "an empty log");
	add(t, 10, 5);
	is_int((long long)seek(t, 10), 0, "one line, as old");
	is_int((long long)seek(t, 11), (long long)t->len, "older");
	add(t, 20, 70000);
	add(t, 30, 5);
	is_int((long long)seek(t, 15), (long long)t->lines[2].offset,
	       "an over-long line is not a line");
	t->len += (size_t)sprintf(t->bytes + t->len, "%010d torn", 40);
	is_int((long long)seek(t, 40), (long long)(t->lines[2].offset + 17),
	       "a torn line is not passed over");
	free_text(t);
}

static void
holes(void)
{
	struct text *t = new_text();

	t->len = 300000;
	add(t, 3, 5);
	add(t, 10, 5);
	add(t, 20, 5);
	is_int((long long)seek(t, 3), 0, "a hole before the first line");
	is_int((long long)seek(t, 5), 300017, "the line after that");
	is_int((long long)seek(t, 20), 300034, "and further");
	free_text(t);
}

/* After a crash. */
static void
lost_sectors(void)
{
	struct text *t = new_text();

	add(t, 10, 5);
	t->len += 300000;
	add(t, 30, 5);
	add(t, 20, 5);
	add(t, 30, 5);
	is_int((long long)seek(t, 15), (long long)t->lines[2].offset,
	       "after NULs comes no line to begin at");
	is_int((long long)seek(t, 25), (long long)t->lines[3].offset,
	       "nor does its time tell anything");
	free_text(t);
	t = new_text();
	t->len = 512 * 100;
	add(t, 3, 5);
	add(t, 10, 5);
	add(t, 20, 5);
	is_int((long long)seek(t, 15), (long long)t->lines[2].offset,
	       "lost with the beginning of the file");
	is_int((long long)seek(t, 5), 0, "all of it");
	free_text(t);
}

/* 1000 lines of the time 10, if wanted, NULs, and a line of each time. NULs
 * that are written are what a file system has that does not know of holes. */
static void
write_hole(const char *path, bool begun, uint64_t size, bool written)
{
	static const char before[] = "0000000010 x\n";
	static const char after[] = "rest\n0000000010 x\n0000002000 x\n";
	FILE *file = fopen(path, "w");

	if (file == NULL)
		exit(1);
	for (int i = 0; i < 1000 && begun; i++)
		fputs(before, file);
	for (uint64_t i = 0; i < size && written; i++)
		putc('\0', file);
	if (!written)
		fseeko(file, (off_t)size, SEEK_CUR);
	fputs(after, file);
	fclose(file);
}

static void
hole_is(const char *path, bool begun, uint64_t size, bool written)
{
	uint64_t before = begun ? 13000 : 0;

	write_hole(path, begun, size, written);
	probes = signs = 0;
	is_int((long long)seek_in(path, 1000), (long long)(before + size + 18),
	       "NULs%s%s", begun ? " after lines" : "",
	       written ? ", written" : ", a hole");
	ok(probes < 50, "%zu lines looked at", probes);
	ok(written ? signs > 0 : signs == 0, "%s signs of life",
	   written ? "with" : "so quickly that there are no");
}

static void
giant_holes(void)
{
	char *path = alloc_format("%s/log", top);

	for (int begun = 0; begun < 2; begun++) {
		hole_is(path, begun, (1ULL << 40) + 1, false);
		hole_is(path, begun, (48 << 20) + 1, true);
	}
	unlink(path);
	free(path);
}

static void
no_stamps(void)
{
	struct text *t = new_text();

	for (int i = 0; i < 1000; i++)
		add(t, -1, 100);
	is_int((long long)seek(t, 5), 0, "no stamp at all: all of it");
	add(t, 77, 5);
	is_int((long long)seek(t, 77), 0, "one late stamp, as old");
	is_int((long long)seek(t, 78), (long long)t->len, "or older");
	t->len = t->nlines = 0;
	for (int i = 0; i < 11000; i++)
		add(t, -1, 100);
	add(t, 77, 5);
	is_int((long long)seek(t, 78), 0, "too late to be looked for");
	free_text(t);
}

static void
is_quick(void)
{
	struct text *t = new_text();

	for (int i = 0; i < 20000; i++)
		add(t, 1000000 + i * 100, 100);
	probes = 0;
	is_int((long long)seek(t, 1000000 + 15000 * 100),
	       (long long)t->lines[15000].offset, "20000 lines");
	ok(probes < 40, "%zu of them looked at", probes);
	free_text(t);
}

int
main(void)
{
	top = follower_directory();
	edges();
	holes();
	lost_sectors();
	giant_holes();
	no_stamps();
	is_quick();
	for (uint32_t seed = 1; seed <= 4; seed++) {
		agrees(seed, 5000, 0, 0);
		agrees(seed, 5000, 50, 0);
		agrees(seed, 3000, 20, RESUME_DISORDER / 2);
		agrees(seed, 1 + seed, 0, 0);
	}
	follower_remove_all(top);
	free(top);
	return tap_done();
}
