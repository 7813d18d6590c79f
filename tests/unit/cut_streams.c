/* cut_streams: which entries are the rest of a line, however many were cut. */
#include "base/cut_streams.h"

#include <stdio.h>

#include "tests/tap.h"

/* An entry of stream number n. True: it is no line, or may be none. */
static bool
is_rest(struct cut_streams *streams, int n, bool cut)
{
	char name[CUT_STREAMS_NAME];

	snprintf(name, sizeof(name), "stream %d", n);
	return cut_streams_note(streams, name, cut);
}

static void
others_go_on(void)
{
	struct cut_streams streams = {.pending = 0};
	int rests = 0;

	ok(!is_rest(&streams, 0, true), "a line is cut");
	for (int i = 0; i < 3 * CUT_STREAMS_MAX; i++) {
		is_rest(&streams, 1, true);
		rests += is_rest(&streams, 1, false);
	}
	is_int(rests, 3 * CUT_STREAMS_MAX, "lines of another go on at once");
	ok(is_rest(&streams, 0, false), "the first goes on, and is known");
	ok(!is_rest(&streams, 0, false), "its next line is one");
}

static void
too_many(void)
{
	struct cut_streams streams = {.pending = 0};
	int lines = 0;

	for (int i = 0; i <= CUT_STREAMS_MAX; i++)
		is_rest(&streams, i, true);
	for (int i = 0; i <= CUT_STREAMS_MAX; i++)
		lines += !is_rest(&streams, i, false);
	is_int(lines, 0, "one more than there is room for: none is a line");
	ok(is_rest(&streams, 1000, false), "nor what another begins with");
	ok(!is_rest(&streams, 1000, false), "but its next one");
}

static void
lost(void)
{
	struct cut_streams streams = {.pending = 0};

	cut_streams_lost(&streams);
	ok(is_rest(&streams, 0, false), "the first entry after a loss");
	ok(!is_rest(&streams, 0, false), "the second one");
	for (int i = 0; i < CUT_STREAMS_DOUBTFUL; i++)
		is_rest(&streams, 0, false);
	ok(!is_rest(&streams, 1, false), "a first one long after it");
	ok(cut_streams_are_none(&streams), "all are lines again");
}

int
main(void)
{
	others_go_on();
	too_many();
	lost();
	return tap_done();
}
