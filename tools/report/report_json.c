#include "tools/report/report_json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "tools/output/json.h"
#include "tools/report/names.h"
#include "tools/report/summary.h"
#include "tools/report/words.h"

static void
print_text(FILE *out, const char *text)
{
	json_string(out, text, strlen(text));
}

/* Each element begins on a line of its own. */
static void
begin_element(FILE *out, bool first)
{
	fputs(first ? "\n    " : ",\n    ", out);
}

static void
print_strings(FILE *out, const char *key, const struct strings *list)
{
	fprintf(out, "  \"%s\": [", key);
	for (size_t i = 0; i < list->count; i++) {
		begin_element(out, i == 0);
		print_text(out, list->list[i]);
	}
	fputs("],\n", out);
}

static void
print_tally(FILE *out, const struct tally *tally)
{
	fprintf(out,
		"\"logins\": %" PRIu32 ", \"addresses\": %" PRIu32
		", \"users\": %" PRIu32,
		tally->logins, tally->addresses, tally->users);
}

static void
print_totals(FILE *out, const struct summary *s)
{
	const struct material *m = &s->material;

	fprintf(out,
		"  \"made\": %jd,\n  \"since\": %jd,\n  \"until\": %jd,\n  ",
		(intmax_t)s->period.now, (intmax_t)s->period.since,
		(intmax_t)s->period.until);
	print_tally(out, &s->total);
	fprintf(out,
		",\n  \"refused\": %ju, \"doubtful\": %ju,\n"
		"  \"lines\": %ju, \"headerless\": %ju,\n",
		(uintmax_t)m->refused.lines, (uintmax_t)m->doubtful.lines,
		(uintmax_t)m->lines, (uintmax_t)m->headerless);
	print_strings(out, "logs", &m->logs);
	print_strings(out, "problems", &m->problems);
}

static void
print_servers(FILE *out, const struct summary *s)
{
	fputs("  \"servers\": [", out);
	for (size_t i = 0; i < s->nservers; i++) {
		begin_element(out, i == 0);
		fputs("{\"server\": ", out);
		json_string(out, s->servers[i].name, s->servers[i].len);
		fputs(", ", out);
		print_tally(out, &s->servers[i].tally);
		putc('}', out);
	}
	fputs("],\n", out);
}

static void
print_numbers(FILE *out, const char *key, const uint32_t *numbers, size_t count)
{
	fprintf(out, ", \"%s\": [", key);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%" PRIu32, i > 0 ? ", " : "", numbers[i]);
	putc(']', out);
}

static void
print_columns(FILE *out, const struct summary *s)
{
	const char *name;
	size_t len;

	fputs("  \"columns\": [", out);
	for (size_t i = 0; i < summary_columns(s); i++) {
		name = summary_column(s, i, &len);
		fputs(i > 0 ? ", " : "", out);
		json_string(out, name, len);
	}
	fputs("],\n", out);
}

static void
print_parts(FILE *out, const struct summary *s)
{
	print_columns(out, s);
	fprintf(out, "  \"step\": %u,\n  \"parts\": [", s->step);
	for (size_t i = 0; i < s->nparts; i++) {
		const struct interval *part = &s->parts[i];

		begin_element(out, i == 0);
		fprintf(out, "{\"begin\": %jd, \"end\": %jd, ",
			(intmax_t)part->begin, (intmax_t)part->end);
		print_tally(out, &part->tally);
		print_numbers(out, "by_column", part->servers,
			      summary_columns(s));
		print_numbers(out, "peaks", part->peaks, s->ngraces);
		putc('}', out);
	}
	fputs("],\n  \"hours\": [", out);
	for (int hour = 0; hour < HOURS; hour++) {
		begin_element(out, hour == 0);
		fprintf(out, "{\"hour\": %d, ", hour);
		print_tally(out, &s->hours[hour]);
		putc('}', out);
	}
	fputs("],\n", out);
}

static void
print_users(FILE *out, const struct summary *s, const struct shared *shared)
{
	const char *name;
	size_t len;

	fputs(", \"names\": [", out);
	for (size_t i = 0; i < shared->nusers; i++) {
		name = names_text(s->material.logins.users, shared->users[i],
				  &len);
		fputs(i > 0 ? ", " : "", out);
		json_string(out, name, len);
	}
	putc(']', out);
}

static void
print_shared(FILE *out, const struct summary *s)
{
	char text[WORDS_ADDRESS];

	fprintf(out, "  \"shared_addresses\": %zu,\n  \"shared\": [",
		s->nshared_all);
	for (size_t i = 0; i < s->nshared; i++) {
		const struct shared *shared = &s->shared[i];

		begin_element(out, i == 0);
		fprintf(out,
			"{\"address\": \"%s\", \"users\": %" PRIu32
			", \"logins\": %" PRIu32
			", \"first\": %jd, \"last\": %jd",
			words_address(s, shared->addr, text),
			shared->tally.users, shared->tally.logins,
			(intmax_t)shared->first, (intmax_t)shared->last);
		print_users(out, s, shared);
		putc('}', out);
	}
	fputs("],\n", out);
}

static void
print_reasons(FILE *out, const char *key, const struct reasons *reasons)
{
	fprintf(out, "  \"%s\": [", key);
	for (size_t i = 0; i < reasons->count; i++) {
		begin_element(out, i == 0);
		fputs("{\"reason\": ", out);
		print_text(out, reasons->list[i].text);
		fprintf(out, ", \"lines\": %ju}",
			(uintmax_t)reasons->list[i].lines);
	}
	fputs("],\n", out);
}

static void
print_graces(FILE *out, const struct summary *s)
{
	fputs("  \"graces\": [", out);
	for (size_t i = 0; i < s->ngraces; i++) {
		const struct grace *g = &s->graces[i];

		begin_element(out, i == 0);
		fprintf(out,
			"{\"grace\": %" PRIu32 ", \"configured\": %s, "
			"\"peak\": %" PRIu32 ", \"peak_time\": %jd, "
			"\"mean\": %.1f, \"grants\": %" PRIu32
			", \"renewals\": %" PRIu32 ", \"address_hours\": %.1f}",
			g->seconds,
			g->seconds == s->material.grace ? "true" : "false",
			g->peak, (intmax_t)g->peak_time,
			graces_mean(g, &s->period), g->grants, g->renewals,
			graces_hours(g));
	}
	fputs("]\n", out);
}

void
report_json_print(FILE *out, const struct summary *s)
{
	fputs("{\n", out);
	print_totals(out, s);
	print_servers(out, s);
	print_parts(out, s);
	print_shared(out, s);
	print_reasons(out, "refusals", &s->material.refused);
	print_reasons(out, "doubts", &s->material.doubtful);
	print_graces(out, s);
	fputs("}\n", out);
}
