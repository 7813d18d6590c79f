/* Each address is logged once, and never more of them than fit. */
#include "daemon/pipeline/told.h"

#include <string.h>

#include "base/addr.h"
#include "tests/tap.h"

enum { MOST = 3 };

static int
next(struct told *t, const char *text, const char *about, int64_t now)
{
	struct addr addr;

	addr_parse(&addr, text, strlen(text));
	return (int)told_next(t, &addr, about, now);
}

int
main(void)
{
	struct told *t = told_new(MOST);

	is_int(next(t, "192.0.2.1", "own", 100), TELL, "the first time");
	is_int(next(t, "192.0.2.1", "own", 101), TELL_NOT, "the second");
	is_int(next(t, "192.0.2.1", "loopback", 101), TELL, "something else");
	is_int(next(t, "2001:db8::1", NULL, 200), TELL_LAST, "no more fit");
	is_int(next(t, "192.0.2.2", "own", 300), TELL_NOT, "so others wait");
	is_int(next(t, "192.0.2.1", "own", 300), TELL_NOT, "as do the known");
	is_int(next(t, "192.0.2.2", "own", 3699), TELL_NOT, "for an hour");
	is_int(next(t, "192.0.2.1", "own", 3700), TELL_NOT,
	       "what is known is not logged again for that");
	is_int(next(t, "192.0.2.2", "own", 3700), TELL, "since the first");
	is_int(next(t, "192.0.2.1", "own", 3701), TELL, "then as if never");
	is_int(next(t, "192.0.2.3", "own", 3702), TELL_LAST, "as before");
	is_int(next(t, "192.0.2.4", "own", 7299), TELL_NOT,
	       "the hour is that of the first");
	told_free(&t);
	ok(t == NULL, "it is gone");
	told_free(&t);
	return tap_done();
}
