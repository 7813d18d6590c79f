/*
 * publisher: drives a map for the tests in this directory.
 *
 * Reads commands from standard input, one a line, and answers each with
 * "ok WALL_MS CPU_MS [RESULT]" or "error REASON":
 *
 *   open SPEC [VALUE]    with VALUE for every key, else the login's epoch
 *   noflock              the next open does without Postfix's lock
 *   add ADDRESS WHEN     a row for the next replace or apply
 *   del ADDRESS
 *   fill COUNT FROM WHEN rows of generated addresses, number FROM and on
 *   hint COUNT           what replace tells as the number of rows
 *   replace, apply       with the rows since the last one
 *   clear, intact, close
 *   churn HOW RATE SECONDS STEADY
 *                        RATE times a second ten keys come and one goes, while
 *                        the first STEADY generated ones stay; HOW is replace,
 *                        apply, or inplace, which does what must not be done
 */
#include "maps/map.h"

#include <db.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

struct rows {
	struct map_row *list;
	size_t count, room, at;
	size_t hint; /* 0: tells count */
};

struct publisher {
	struct map_settings settings;
	struct map *map;
	struct rows rows;
};

static double
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
rows_add(struct rows *rows, struct addr addr, time_t when, bool present)
{
	if (rows->count == rows->room) {
		rows->room = rows->room * 2 + 64;
		rows->list =
		    alloc_resize(rows->list, rows->room, sizeof(*rows->list));
	}
	rows->list[rows->count++] =
	    (struct map_row){.addr = addr, .when = when, .present = present};
}

static bool
rows_next(void *arg, struct map_row *row)
{
	struct rows *rows = arg;

	if (rows->at == rows->count)
		return false;
	*row = rows->list[rows->at++];
	return true;
}

/* 10.x.y.z; the low bytes of successive numbers are scattered. */
static struct addr
generated(uint32_t number)
{
	uint32_t low = number * 2654435761u & 0xffffff;

	return (struct addr){.family = 4,
			     .bytes = {10, (uint8_t)(low >> 16),
				       (uint8_t)(low >> 8), (uint8_t)low}};
}

static void
fill(struct rows *rows, uint32_t count, uint32_t from, time_t when)
{
	for (uint32_t i = 0; i < count; i++)
		rows_add(rows, generated(from + i), when, true);
}

static int
replace(struct publisher *p, struct err *err)
{
	struct map_rows rows = {
	    .next = rows_next,
	    .arg = &p->rows,
	    .count = p->rows.hint ? p->rows.hint : p->rows.count,
	};

	p->rows.at = 0;
	return map_replace(p->map, &rows, err);
}

/* As a careful writer in place does it: under the lock, with a fresh handle. */
static int
change_in_place(struct publisher *p, struct err *err)
{
	char *path = alloc_format("%s.db", strchr(map_name(p->map), '/'));
	int fd = open(path, O_RDWR | O_CLOEXEC), code;
	char key[ADDR_TEXT_MAX], value[] = "1700000000";
	DB *db;

	flock(fd, LOCK_EX);
	code = db_create(&db, NULL, 0);
	if (code == 0)
		code = db->open(db, NULL, path, NULL, DB_HASH, 0, 0);
	for (size_t i = 0; i < p->rows.count && code == 0; i++) {
		DBT k = {.data = key},
		    v = {.data = value, .size = sizeof(value)};

		k.size = (uint32_t)addr_format(&p->rows.list[i].addr, key) + 1;
		if (p->rows.list[i].present)
			code = db->put(db, NULL, &k, &v, 0);
		else
			db->del(db, NULL, &k, 0);
	}
	if (code == 0)
		code = db->close(db, 0);
	close(fd);
	free(path);
	return code == 0 ? 0 : err_set(err, "in place: %s", db_strerror(code));
}

static int
churn_once(struct publisher *p, const char *how, struct err *err)
{
	if (strcmp(how, "apply") == 0)
		return map_apply(p->map, p->rows.list, p->rows.count, err);
	if (strcmp(how, "inplace") == 0)
		return change_in_place(p, err);
	return replace(p, err);
}

/* How many times it was done, or -1. */
static int
churn(struct publisher *p, const char *args, struct err *err)
{
	unsigned int rate, seconds, steady, come = 10, ticks;
	double start = clock_ms(CLOCK_MONOTONIC), wait;
	char how[16];

	if (sscanf(args, "%15s %u %u %u", how, &rate, &seconds, &steady) != 4)
		return err_set(err, "churn HOW RATE SECONDS STEADY");
	ticks = rate * seconds;
	for (unsigned int tick = 0; tick < ticks; tick++) {
		uint32_t from = steady + tick * come;

		p->rows.count = 0;
		if (strcmp(how, "replace") == 0)
			fill(&p->rows, from + come, 0,
			     1700000000 + (time_t)tick);
		else
			fill(&p->rows, come, from, 1700000000 + (time_t)tick);
		if (tick > 0 && strcmp(how, "replace") != 0)
			rows_add(&p->rows, generated(from - come), 0, false);
		if (churn_once(p, how, err) < 0)
			return -1;
		wait =
		    start + (tick + 1) * 1e3 / rate - clock_ms(CLOCK_MONOTONIC);
		if (wait > 0)
			usleep((useconds_t)(wait * 1e3));
	}
	p->rows.count = 0;
	return (int)ticks;
}

static int
open_map(struct publisher *p, const char *args, struct err *err)
{
	char *spec = alloc_string(args), *value = strchr(spec, ' ');

	if (value != NULL) {
		*value++ = '\0';
		p->settings.value = alloc_string(value);
	}
	p->map = map_open(spec, "hash", &p->settings, err);
	free(spec);
	return p->map != NULL ? 0 : -1;
}

static int
add(struct publisher *p, const char *args, bool present, struct err *err)
{
	size_t len = strcspn(args, " ");
	struct addr addr;

	if (addr_parse(&addr, args, len) < 0)
		return err_set(err, "not an address: %s", args);
	rows_add(&p->rows, addr, (time_t)atoll(args + len), present);
	return 0;
}

static int
fill_command(struct publisher *p, const char *args, struct err *err)
{
	unsigned int count, from;
	long long when;

	if (sscanf(args, "%u %u %lld", &count, &from, &when) != 3)
		return err_set(err, "fill COUNT FROM WHEN");
	fill(&p->rows, count, from, (time_t)when);
	return 0;
}

static int
publish(struct publisher *p, bool whole, struct err *err)
{
	int result;

	if (whole)
		result = replace(p, err);
	else
		result = map_apply(p->map, p->rows.list, p->rows.count, err);
	p->rows.count = 0;
	return result;
}

static int
command(struct publisher *p, const char *verb, const char *args,
	struct err *err)
{
	if (strcmp(verb, "open") == 0)
		return open_map(p, args, err);
	if (strcmp(verb, "noflock") == 0)
		return p->settings.flock = false;
	if (strcmp(verb, "add") == 0 || strcmp(verb, "del") == 0)
		return add(p, args, verb[0] == 'a', err);
	if (strcmp(verb, "fill") == 0)
		return fill_command(p, args, err);
	if (strcmp(verb, "hint") == 0)
		return (p->rows.hint = (size_t)atoll(args), 0);
	if (p->map == NULL)
		return err_set(err, "no map is open");
	if (strcmp(verb, "replace") == 0 || strcmp(verb, "apply") == 0)
		return publish(p, verb[0] == 'r', err);
	if (strcmp(verb, "clear") == 0)
		return map_clear(p->map, err);
	if (strcmp(verb, "intact") == 0)
		return map_intact(p->map);
	if (strcmp(verb, "churn") == 0)
		return churn(p, args, err);
	if (strcmp(verb, "close") == 0)
		return (map_close(&p->map), 0);
	return err_set(err, "unknown command: %s", verb);
}

int
main(void)
{
	struct publisher p = {.settings = {.flock = true}};
	char line[1024], *args;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct err err = {""};
		double wall = clock_ms(CLOCK_MONOTONIC);
		double cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
		int result;

		line[strcspn(line, "\n")] = '\0';
		args = line + strcspn(line, " ");
		if (*args != '\0')
			*args++ = '\0';
		result = command(&p, line, args, &err);
		wall = clock_ms(CLOCK_MONOTONIC) - wall;
		cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		if (result < 0)
			printf("error %s\n", err.text);
		else
			printf("ok %.3f %.3f %d\n", wall, cpu, result);
		fflush(stdout);
	}
	map_close(&p.map);
	free((char *)(uintptr_t)p.settings.value);
	free(p.rows.list);
	return 0;
}
