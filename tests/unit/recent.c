/* The newest grants and refusals: which of them an operator gets who already
 * has all up to a number, and that a stranger's text cannot break the lines. */
#include "daemon/worker/recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "daemon/pipeline/pipeline.h"
#include "tests/tap.h"

enum { WHEN = 1700000000 };

static void
add(struct recent *r, const char *refused, const char *rule, const char *user)
{
	struct addr addr;
	struct pipeline_event event = {.when = WHEN,
				       .addr = &addr,
				       .refused = refused,
				       .seconds = refused ? 0 : 1800,
				       .rule = rule,
				       .user = user,
				       .user_len = user ? strlen(user) : 0};

	addr_parse(&addr, "192.0.2.7", strlen("192.0.2.7"));
	recent_add(r, &event);
}

/* The lines after this number; the caller frees them. */
static char *
written(const struct recent *r, uint64_t since)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	recent_write(r, since, out);
	fclose(out);
	return text;
}

static void
is_written(const struct recent *r, uint64_t since, const char *want,
	   const char *name)
{
	char *text = written(r, since);

	is_str(text, want, "%s", name);
	free(text);
}

static void
lines(void)
{
	static const char first[] =
	    "1 1700000000 granted 192.0.2.7 1800 dovecot-login ann\n";
	static const char second[] = "2 1700000000 refused 192.0.2.7 "
				     "excluded%20192.0.2.0/24 dovecot-login "
				     "%1B[2Jeve%0A%2C%25\n";
	static const char third[] = "3 1700000000 granted 192.0.2.7 1800 - -\n";
	struct recent *r = recent_new();
	char all[512];

	is_written(r, 0, "", "nothing yet");
	is_int(recent_newest(r), 0, "and no number");
	add(r, NULL, "dovecot-login", "ann");
	add(r, "excluded 192.0.2.0/24", "dovecot-login", "\033[2Jeve\n,%");
	add(r, NULL, NULL, NULL);
	is_int(recent_newest(r), 3, "three events");
	snprintf(all, sizeof(all), "%s%s%s", first, second, third);
	is_written(r, 0, all, "all of them");
	is_written(r, 2, third, "those after the second");
	is_written(r, 3, "", "those after the last");
	is_written(r, 4, all, "after a restart of the daemon: all");
	recent_free(&r);
	ok(r == NULL, "freed");
}

static void
overflows(void)
{
	static char name[5000];
	struct recent *r = recent_new();
	char *text;
	size_t count = 0;

	memset(name, 'x', sizeof(name) - 1);
	for (int i = 0; i < 3 * RECENT_MAX; i++)
		add(r, name, name, name);
	text = written(r, 5);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		count++;
	is_int(count, RECENT_MAX, "only the newest are kept");
	ok(strncmp(text, "257 ", 4) == 0, "with their own numbers");
	ok(strlen(text) < RECENT_MAX * 600, "and long texts are cut");
	free(text);
	recent_free(&r);
}

int
main(void)
{
	lines();
	overflows();
	return tap_done();
}
