/*
 * hostile: what lines cost that were made to be dear.
 *
 *	hostile PATTERNS LINES
 *
 * Prints "LINES SECONDS BYTES" for so many forgeries against all rules, and
 * "WORST COUNT RULE FILE:LINE" for the dearest of COUNT lines of up to 64 KiB:
 * the CPU time in microseconds, the rule and the sample it was made of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/check/forge.h"
#include "patterns/check/injection_points.h"
#include "patterns/check/worst_case.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

enum { NOW = 1795226460, TRIES = 5 };

struct bench {
	struct ruleset *set;
	struct recognizer *recognizer;
	/* of the line that is measured, and of the dearest one so far */
	const struct rule *rule, *worst_rule;
	const struct sample *sample, *worst_sample;
	double worst;
	unsigned long count;
};

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run(struct bench *b, const char *line, size_t len)
{
	struct found found;
	struct err err;

	recognize(b->recognizer, line, len, NOW, &found, &err);
}

/* ---- many ---- */

static void
many(struct bench *b, size_t wanted)
{
	struct forge *forge = forge_new(b->set, b->recognizer, 1, NOW);
	struct sample_run_line *lines = alloc_zero(wanted, sizeof(*lines));
	struct forgery f;
	size_t n, i, bytes = 0;
	double begin;

	for (n = 0, i = 0; n < wanted; i++) {
		if (!forge_make(forge, i % b->set->count, &f))
			continue;
		lines[n] = f.run.lines[f.line];
		lines[n].bytes = alloc_bytes(lines[n].bytes, lines[n].len);
		bytes += lines[n++].len;
	}
	begin = cpu();
	for (i = 0; i < n; i++)
		run(b, lines[i].bytes, lines[i].len);
	printf("%zu %.6f %zu\n", n, cpu() - begin, bytes);
	for (i = 0; i < n; i++)
		free((char *)(uintptr_t)lines[i].bytes);
	free(lines);
	forge_free(&forge);
}

/* ---- the dearest ---- */

/* What others do at the same time counts as little as can be: the least of
 * some tries. */
static bool
measure(void *arg, const char *line, size_t len)
{
	struct bench *b = arg;
	double least = 1, begin, took;
	int i;

	for (i = 0; i < TRIES && least > b->worst; i++) {
		begin = cpu();
		run(b, line, len);
		took = cpu() - begin;
		least = took < least ? took : least;
	}
	b->count++;
	if (least <= b->worst)
		return false;
	b->worst = least;
	b->worst_rule = b->rule;
	b->worst_sample = b->sample;
	return false;
}

static void
measure_rule(struct bench *b, const struct rule *rule)
{
	struct injection_points points = {0};
	const struct injection_point *p;
	struct sample_run run;
	size_t i;

	injection_points_find(&points, b->recognizer, rule, NOW);
	for (i = 0; i < points.count; i++) {
		p = &points.list[i];
		sample_run_set(&run, p->sample);
		b->rule = rule;
		b->sample = p->sample;
		worst_case(run.lines[p->line].bytes, run.lines[p->line].len,
			p->begin, p->end, measure, b);
	}
	injection_points_clear(&points);
}

int
main(int argc, char **argv)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct bench b = {0};
	const char *dir = argc == 3 ? argv[1] : NULL;
	struct err err;
	size_t i;

	if (dir == NULL) {
		fputs("usage: hostile PATTERNS LINES\n", stderr);
		return 64;
	}
	b.set = ruleset_load(&dir, 1, &err);
	if (b.set != NULL)
		b.recognizer = recognizer_new(b.set, &all, &err);
	if (b.recognizer == NULL) {
		fprintf(stderr, "hostile: %s\n", err.text);
		return 1;
	}
	many(&b, strtoull(argv[2], NULL, 10));
	for (i = 0; i < b.set->count; i++)
		measure_rule(&b, &b.set->list[i]);
	if (b.worst_rule != NULL)
		printf("%.1f %lu %s %s:%u\n", b.worst * 1e6, b.count,
		       b.worst_rule->name, b.worst_rule->file,
		       b.worst_sample->lineno);
	recognizer_free(&b.recognizer);
	ruleset_free(&b.set);
	return 0;
}
