/* What the checkpoint keeps of each user, and that it reads what was written
 * before users had times of their own. */
#include "daemon/worker/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "tests/tap.h"

enum { GRACE = 1800, WALL = 1700000000 }; /* the table's clock begins at 0 */

static char file[] = "/tmp/pbs-checkpoint.XXXXXX";

static struct addr
address(const char *text)
{
	struct addr addr;

	addr_parse(&addr, text, strlen(text));
	return addr;
}

static void
grant(struct authtab *tab, const char *addr, const char *user, int64_t when,
      int64_t until)
{
	struct addr a = address(addr);

	authtab_hold(tab, &a, user, user ? strlen(user) : 0,
		     (time_t)(WALL + when), when + GRACE, until, when);
}

static void
put_back(void *arg, const struct addr *addr, const char *user, size_t len,
	 time_t when, time_t expires, time_t held)
{
	authtab_hold(arg, addr, user, len, when, expires - WALL, held - WALL,
		     300);
}

static struct authtab *
load(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct logpos *pos;
	struct err err;
	size_t npos;

	authtab_set_hold(tab, 86400, 0);
	if (checkpoint_load(file, put_back, tab, NULL, &pos, &npos, &err) != 1)
		printf("# %s\n", err.text);
	return tab;
}

/* "ADDRESS WHEN EXPIRES GRANTED: USER WHEN EXPIRES GRANTED, ..." */
static const char *
tell(const struct authtab *tab, const char *addr)
{
	static char text[1000];
	struct addr a = address(addr);
	struct authtab_row row;
	size_t len;

	if (!authtab_get(tab, &a, &row))
		return "";
	len =
	    (size_t)sprintf(text, "%lld %lld %lld:", (long long)row.when - WALL,
			    (long long)row.expires, (long long)row.granted);
	for (size_t i = 0; i < row.nusers; i++)
		len += (size_t)sprintf(text + len, " %s %lld %lld %lld,",
				       row.users[i].name,
				       (long long)row.users[i].when - WALL,
				       (long long)row.users[i].expires,
				       (long long)row.users[i].granted);
	return text;
}

static void
round_trip(void)
{
	static const char *const addrs[] = {"192.0.2.1", "192.0.2.2",
					    "192.0.2.3", "2001:db8::1"};
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL), *again;
	FILE *f = fopen(file, "w");

	authtab_set_hold(tab, 86400, 0);
	grant(tab, addrs[0], "ann", 10, 0);
	grant(tab, addrs[1], "ann", 20, 0);
	grant(tab, addrs[1], " bob by", 120, 0);
	grant(tab, addrs[1], "eve", 120, 9000);
	grant(tab, addrs[2], NULL, 30, 0);
	grant(tab, addrs[3], "ann", 40, 0);
	grant(tab, addrs[3], NULL, 200, 0);
	checkpoint_write(f, tab, NULL, NULL, 0, WALL + 300, 300);
	fclose(f);
	again = load();
	is_str(tell(again, addrs[1]),
	       "120 9000 1920: eve 120 9000 1920,  bob by 120 1920 1920,"
	       " ann 20 1820 1820,",
	       "each user comes back with his own times");
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		char *want = strdup(tell(tab, addrs[i]));

		is_str(tell(again, addrs[i]), want, "all of it");
		free(want);
	}
	authtab_free(&tab);
	authtab_free(&again);
}

static void
older_form(void)
{
	static const char *const lines[] = {
	    "pop-before-smtp checkpoint 1",
	    "row 192.0.2.1 1700000120 1700001920 1700001920", "user eve",
	    "user ann"};
	FILE *f = fopen(file, "w");
	struct authtab *tab;
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		hash = hash_bytes(hash, lines[i], strlen(lines[i]));
		fprintf(f, "%s\n", lines[i]);
	}
	fprintf(f, "end %016" PRIx64 "\n", hash);
	fclose(f);
	tab = load();
	is_str(tell(tab, "192.0.2.1"),
	       "120 1920 1920: ann 120 1920 1920, eve 120 1920 1920,",
	       "an older file gives all users the times of the address");
	authtab_free(&tab);
}

int
main(void)
{
	close(mkstemp(file));
	round_trip();
	older_form();
	unlink(file);
	return tap_done();
}
