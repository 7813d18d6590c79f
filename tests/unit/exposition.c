/* exposition and histogram: the text for Prometheus, and the delays in it. */
#include "daemon/metrics/exposition.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/metrics/histogram.h"
#include "daemon/publish/delays.h"
#include "tests/tap.h"

static const int64_t bounds[] = {5, 1000, 2500};

/* ---- a text to write to, compared at its end ---- */

static char *text;
static size_t text_len;

static FILE *
begin(void)
{
	return open_memstream(&text, &text_len);
}

static void
end(FILE *out, const char *want, const char *name)
{
	fclose(out);
	is_str(text, want, "%s", name);
	free(text);
	text = NULL;
}

/* ---- labels ---- */

static const struct {
	const char *value, *written, *name;
} labels[] = {
    {"dovecot-login", "dovecot-login", "a plain value"},
    {"", "", "an empty one"},
    {"a\"b", "a\\\"b", "a quotation mark"},
    {"a\\b", "a\\\\b", "a backslash"},
    {"a\nb", "a\\nb", "a newline"},
    {"a\tb\x7f", "a\\\\x09b\\\\x7f", "control characters"},
    {"\xc2\x9b", "\\\\xc2\\\\x9b", "a control character of two bytes"},
    {"\xff\xc3", "\\\\xff\\\\xc3", "bytes that are not UTF-8"},
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "UTF-8"},
};

static void
test_labels(void)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		FILE *out = begin();
		char want[128];

		exposition_number(
		    out, "x_total",
		    &(struct exposition_label){"rule", labels[i].value}, 7);
		snprintf(want, sizeof(want),
			 "pop_before_smtp_x_total{rule=\"%s\"} 7\n",
			 labels[i].written);
		end(out, want, labels[i].name);
	}
}

static void
test_types(void)
{
	FILE *out = begin();

	exposition_begin(out, "x_total", EXPOSITION_COUNTER, "Xs.");
	exposition_number(out, "x_total", NULL, UINT64_MAX);
	exposition_begin(out, "y", EXPOSITION_GAUGE, "Ys.");
	exposition_number(out, "y", NULL, 0);
	end(out,
	    "# HELP pop_before_smtp_x_total Xs.\n"
	    "# TYPE pop_before_smtp_x_total counter\n"
	    "pop_before_smtp_x_total 18446744073709551615\n"
	    "# HELP pop_before_smtp_y Ys.\n"
	    "# TYPE pop_before_smtp_y gauge\n"
	    "pop_before_smtp_y 0\n",
	    "help and type, and a sample without label");
}

/* ---- histograms ---- */

static void
test_histogram(void)
{
	struct histogram h = {.bounds = bounds, .nbounds = 3};
	FILE *out = begin();

	exposition_histogram(out, "d_seconds", NULL, &h);
	end(out,
	    "pop_before_smtp_d_seconds_bucket{le=\"0.005\"} 0\n"
	    "pop_before_smtp_d_seconds_bucket{le=\"1\"} 0\n"
	    "pop_before_smtp_d_seconds_bucket{le=\"2.5\"} 0\n"
	    "pop_before_smtp_d_seconds_bucket{le=\"+Inf\"} 0\n"
	    "pop_before_smtp_d_seconds_sum 0.000\n"
	    "pop_before_smtp_d_seconds_count 0\n",
	    "an empty histogram has all its buckets");
	histogram_observe(&h, -3, 1);
	histogram_observe(&h, 5, 1);
	histogram_observe(&h, 6, 2);
	histogram_observe(&h, 2500, 1);
	histogram_observe(&h, 2501, 1);
	is_int(histogram_count(&h), 6, "all of them are counted");
	out = begin();
	exposition_histogram(out, "d_seconds",
			     &(struct exposition_label){"map", "hash:/x"}, &h);
	end(out,
	    "pop_before_smtp_d_seconds_bucket{map=\"hash:/x\",le=\"0.005\"} 2\n"
	    "pop_before_smtp_d_seconds_bucket{map=\"hash:/x\",le=\"1\"} 4\n"
	    "pop_before_smtp_d_seconds_bucket{map=\"hash:/x\",le=\"2.5\"} 5\n"
	    "pop_before_smtp_d_seconds_bucket{map=\"hash:/x\",le=\"+Inf\"} 6\n"
	    "pop_before_smtp_d_seconds_sum{map=\"hash:/x\"} 5.018\n"
	    "pop_before_smtp_d_seconds_count{map=\"hash:/x\"} 6\n",
	    "a bucket has what is no longer than its bound, less than 0 is 0");
}

static void
test_delays(void)
{
	struct histogram h = {.bounds = bounds, .nbounds = 3};
	struct delays d = {0};

	delays_note(&d, 100);
	delays_note(&d, 100);
	delays_note(&d, 99);
	delays_end(&d, 100500, &h);
	is_int(h.counts[1], 2, "two logins half a second ago");
	is_int(h.counts[2], 1, "one a second before them");
	is_int(h.sum, 2500, "2.5 seconds in all");
	delays_end(&d, 200000, &h);
	is_int(histogram_count(&h), 3, "they are counted once");
	for (time_t i = 1; i <= DELAYS_MAX + 2; i++)
		delays_note(&d, 100 + i);
	delays_note(&d, 50);
	delays_end(&d, 102000, &h);
	is_int(histogram_count(&h), 3 + DELAYS_MAX + 3,
	       "none is lost if they are of too many seconds");
	is_int(h.counts[3], 4, "and each of these counts as of the earliest");
}

/* ---- checking ---- */

static const struct {
	const char *text;
	int result;
	const char *name;
} checked[] = {
    {"", 0, "nothing"},
    {"# HELP pop_before_smtp_x X.\n# TYPE pop_before_smtp_x gauge\n"
     "pop_before_smtp_x{rule=\"\xc3\xbc\"} 1\n",
     0, "a metric"},
    {"pop_before_smtp_x 1", -1, "a line without end"},
    {"pop_before_smtp_x 1\n\n", -1, "an empty line"},
    {"pop_before_smtp_x 1\nnode_load1 5\n", -1, "another program's metric"},
    {"# HELP node_load1 Load.\n", -1, "and its help"},
    {"# pop_before_smtp_x\n", -1, "another comment"},
    {"pop_before_smtp_x \x1b[2J\n", -1, "what a terminal obeys"},
    {"pop_before_smtp_x \xff\n", -1, "what is not UTF-8"},
    {"pop_before_smtp_\n", -1, "no name"},
};

static void
test_check(void)
{
	struct err err;

	for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++)
		is_int(exposition_check(checked[i].text,
					strlen(checked[i].text), &err),
		       checked[i].result, "%s is %s", checked[i].name,
		       checked[i].result == 0 ? "ours" : "not");
	is_int(exposition_check("pop_before_smtp_x\0 1\n", 21, &err), -1,
	       "a NUL is not");
	exposition_check(checked[4].text, strlen(checked[4].text), &err);
	is_str(err.text, "line 2 is no metric of ours", "the line is named");
}

int
main(void)
{
	test_labels();
	test_types();
	test_histogram();
	test_delays();
	test_check();
	return tap_done();
}
