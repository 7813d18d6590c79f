/*
 * cost: what one grant and one publish cost, by the size of the table.
 *
 *	cost MAP N...
 *
 * For each N prints "N GRANT RENEW EXPIRE PUBLISH_WALL PUBLISH_CPU": the first
 * three in nanoseconds an address, the others in milliseconds a publish of all
 * N. MAP is type:name and is replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/err.h"
#include "daemon/table/authtab.h"
#include "maps/map.h"

enum { GRACE = 1800 };

struct walk {
	const struct authtab *table;
	size_t at;
};

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
ignore_event(void *arg, enum authtab_event event, const struct addr *addr,
	     time_t when)
{
	(void)arg;
	(void)event;
	(void)addr;
	(void)when;
}

/* The n-th address of 100.64.0.0/10, scattered. */
static struct addr
address(size_t n)
{
	uint32_t bits = 0x64400000u | (uint32_t)(n * 40503 % (1 << 22));
	struct addr a = {.family = 4,
			 .bytes = {(uint8_t)(bits >> 24), (uint8_t)(bits >> 16),
				   (uint8_t)(bits >> 8), (uint8_t)bits}};

	return a;
}

/* Nanoseconds an address for a pass of grants at now. */
static double
grant_all(struct authtab *table, size_t n, int64_t now)
{
	double begin = seconds(CLOCK_MONOTONIC);
	char user[32];

	for (size_t i = 0; i < n; i++) {
		int len = snprintf(user, sizeof(user), "user%zu", i % 20000);
		const struct authtab_login login = {.addr = address(i),
						    .user = user,
						    .user_len = (size_t)len,
						    .when = (time_t)now,
						    .expires = now + GRACE};

		authtab_grant(table, &login, now);
	}
	return (seconds(CLOCK_MONOTONIC) - begin) * 1e9 / (double)n;
}

static bool
next_row(void *arg, struct map_row *row)
{
	struct walk *walk = arg;
	struct authtab_row held;

	if (!authtab_next(walk->table, &walk->at, &held))
		return false;
	*row = (struct map_row){
	    .addr = held.addr, .when = held.when, .present = true};
	return true;
}

static void
publish(struct map *map, const struct authtab *table, double *wall, double *cpu)
{
	struct walk walk = {table, 0};
	const struct map_rows rows = {next_row, &walk, authtab_count(table)};
	struct err err;

	*wall = seconds(CLOCK_MONOTONIC);
	*cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (map_replace(map, &rows, &err) != 0) {
		fprintf(stderr, "cost: %s\n", err.text);
		exit(1);
	}
	*wall = (seconds(CLOCK_MONOTONIC) - *wall) * 1e3;
	*cpu = (seconds(CLOCK_PROCESS_CPUTIME_ID) - *cpu) * 1e3;
}

static void
measure(struct map *map, size_t n)
{
	struct authtab *table = authtab_new(GRACE, n, ignore_event, NULL);
	double grant = grant_all(table, n, 1000);
	double renew = grant_all(table, n, 1060);
	double wall, cpu, begin;

	publish(map, table, &wall, &cpu);
	begin = seconds(CLOCK_MONOTONIC);
	authtab_sweep(table, 1060 + GRACE);
	printf("%zu %.0f %.0f %.0f %.3f %.3f\n", n, grant, renew,
	       (seconds(CLOCK_MONOTONIC) - begin) * 1e9 / (double)n, wall, cpu);
	authtab_free(&table);
}

int
main(int argc, char **argv)
{
	const struct map_settings settings = {.flock = true};
	struct map *map;
	struct err err;

	if (argc < 3) {
		fputs("usage: cost MAP N...\n", stderr);
		return 64;
	}
	map = map_open(argv[1], "hash", &settings, &err);
	if (map == NULL) {
		fprintf(stderr, "cost: %s\n", err.text);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		measure(map, strtoull(argv[i], NULL, 10));
	map_close(&map);
	return 0;
}
