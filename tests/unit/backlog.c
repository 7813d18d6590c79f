/* Lines of the past are authorized a few logins later, when the lines
 * themselves may be gone: each user is still the login's own. */
#include "daemon/pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/table/authtab.h"
#include "tests/tap.h"

/* More than wait at once. */
enum { GRACE = 1800, LOGINS = 100 };

/* Of a login in two lines the first one names the user. */
static const char rules[] =
    "server: example\n"
    "program: exampled\n"
    "rules:\n"
    "  - name: example-one\n"
    "    match: 'login (?<user>[a-z0-9]++) from (?<ip>[0-9.]++)'\n"
    "  - name: example-two\n"
    "    connect: 'connect (?<user>[a-z0-9]++) from (?<ip>[0-9.]++)'\n"
    "    login: 'welcome'\n";

static char directory[] = "/tmp/backlog-XXXXXX";
static char *pattern_file;
static struct conf conf;
static time_t wall;

static struct pipeline *
open_pipeline(struct authtab *table)
{
	struct pipeline *pipeline;
	struct err err;

	pipeline = pipeline_new(&conf, NULL, table, &err);
	if (pipeline == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return pipeline;
}

static void
prepare(void)
{
	char *flag;
	struct err err;
	FILE *f;

	if (mkdtemp(directory) == NULL)
		abort();
	pattern_file = alloc_format("%s/example.yaml", directory);
	f = fopen(pattern_file, "w");
	fputs(rules, f);
	fclose(f);
	flag = alloc_format("--patterns=%s", pattern_file);
	{
		char *args[] = {(char *)"pop-before-smtp",
				flag,
				(char *)"--logfile=/dev/null",
				(char *)"--dbfile=text:/nonexistent/map",
				(char *)"--nomynetworks",
				(char *)"--nosessions",
				(char *)"--grace=30m",
				NULL};

		if (conf_load(&conf, NULL, 7, args, &err) != 0) {
			printf("Bail out! %s\n", err.text);
			exit(1);
		}
	}
	free(flag);
	wall = time(NULL);
}

/* The lines of login n: one in two of them, every third. */
static char *
lines_of(int n)
{
	char stamp[32];
	struct tm tm;

	gmtime_r(&wall, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (n % 3 != 0)
		return alloc_format("%s mail exampled[%d]: login user%d from "
				    "203.0.113.%d\n",
				    stamp, n + 1, n, n);
	return alloc_format("%s mail exampled[%d]: connect user%d from "
			    "203.0.113.%d\n%s mail exampled[%d]: welcome\n",
			    stamp, n + 1, n, n, stamp, n + 1);
}

static void
are_right(const struct authtab *table, const char *what)
{
	size_t at = 0;
	int right = 0;
	char user[16], text[ADDR_TEXT_MAX];
	struct authtab_row row;

	while (authtab_next(table, &at, &row)) {
		addr_format(&row.addr, text);
		snprintf(user, sizeof(user), "user%s", strrchr(text, '.') + 1);
		right += row.nusers == 1 && strcmp(row.users[0].name, user) == 0;
	}
	is_int(right, LOGINS, "%s", what);
}

static void
one_by_one(void)
{
	struct authtab *table = authtab_new(GRACE, 1000, NULL, NULL);
	struct pipeline *pipeline = open_pipeline(table);

	for (int n = 0; n < LOGINS; n++) {
		char *lines = lines_of(n), *line, *next = lines;

		while ((line = strsep(&next, "\n")) != NULL && *line != '\0') {
			size_t len = strlen(line);

			pipeline_backlog(pipeline, line, len, wall);
			memset(line, 'x', len);
		}
		free(lines);
	}
	pipeline_backlog_moment(pipeline, wall);
	are_right(table, "line by line");
	pipeline_free(&pipeline);
	authtab_free(&table);
}

/* Blocks of a few lines, each in the same memory. */
static void
in_blocks(int size)
{
	struct authtab *table = authtab_new(GRACE, 1000, NULL, NULL);
	struct pipeline *pipeline = open_pipeline(table);
	struct moment now = {wall, 1000};
	char block[16384] = "", *what;

	for (int n = 0; n < LOGINS; n++) {
		char *lines = lines_of(n);

		strncat(block, lines, sizeof(block) - strlen(block) - 1);
		free(lines);
		if ((n + 1) % size == 0 || n + 1 == LOGINS) {
			pipeline_block(pipeline, block, strlen(block), now,
				       true);
			memset(block, 0, sizeof(block));
		}
	}
	pipeline_backlog_moment(pipeline, wall);
	pipeline_caught_up(pipeline);
	what = alloc_format("in blocks of %d", size);
	are_right(table, what);
	free(what);
	pipeline_free(&pipeline);
	authtab_free(&table);
}

int
main(void)
{
	struct err err;

	setenv("TZ", "UTC", 1);
	log_open("/dev/null", false, &err);
	prepare();
	one_by_one();
	in_blocks(1);
	in_blocks(7);
	in_blocks(LOGINS);
	conf_clear(&conf);
	unlink(pattern_file);
	rmdir(directory);
	free(pattern_file);
	return tap_done();
}
