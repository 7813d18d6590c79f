/*
 * How long does it take to take a line apart? Reads the lines of a log into
 * memory, parses them all many times, prints the least per line, which is what
 * other work on the machine disturbed least.
 *
 *	logline FILE
 */
#include "patterns/line/logline.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 25 };

static char *
read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *all;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		perror(path);
		exit(1);
	}
	rewind(f);
	all = malloc((size_t)size + 1);
	if (all == NULL || fread(all, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	*len = (size_t)size;
	return all;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Nanoseconds for finding the ends of all lines, and, if asked, parsing and
 * decoding them. */
static double
walk(const char *p, size_t len, bool parse, bool decode, size_t *lines,
     size_t *taken)
{
	struct stampclock clock = {0};
	time_t wall = time(NULL), when;
	struct logline l;
	struct linestart start = {0};
	double begin = now();
	const char *end = p + len, *q;

	*lines = *taken = 0;
	for (; (q = memchr(p, '\n', (size_t)(end - p))) != NULL; p = q + 1) {
		++*lines;
		if (!parse || logline_next(&l, &start, p, (size_t)(q - p)) != 0)
			continue;
		if (!decode || logline_time(&l, &clock, wall, &when) == 0)
			*taken += l.program_len > 0;
	}
	return now() - begin;
}

static double
least(double a, double b)
{
	return a < b ? a : b;
}

int
main(int argc, char **argv)
{
	double ends = 1e18, parsed = 1e18, decoded = 1e18;
	size_t len, lines = 0, taken = 0;
	char *all;
	int i;

	if (argc != 2) {
		fprintf(stderr, "usage: logline FILE\n");
		return 64;
	}
	all = read_all(argv[1], &len);
	for (i = 0; i < ROUNDS; i++) {
		ends =
		    least(ends, walk(all, len, false, false, &lines, &taken));
		parsed =
		    least(parsed, walk(all, len, true, false, &lines, &taken));
		decoded =
		    least(decoded, walk(all, len, true, true, &lines, &taken));
	}
	printf("%zu lines, %zu with a header; ns a line: "
	       "find the end %.1f, and parse +%.1f, and decode +%.1f\n",
	       lines, taken, ends / (double)lines,
	       (parsed - ends) / (double)lines,
	       (decoded - parsed) / (double)lines);
	free(all);
	return 0;
}
