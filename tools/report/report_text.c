#include "tools/report/report_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "tools/report/summary.h"
#include "tools/report/words.h"

enum { BAR = 40 };

static void
print_busiest(FILE *out, const struct summary *s)
{
	const struct interval *busiest = &s->parts[0];
	char begin[WORDS_TIME];

	if (s->total.logins == 0)
		return;
	for (size_t i = 1; i < s->nparts; i++)
		if (s->parts[i].tally.logins > busiest->tally.logins)
			busiest = &s->parts[i];
	fprintf(out, "  busiest %-9s%7" PRIu32 " login%s, from %s\n",
		words_step(s->step), busiest->tally.logins,
		busiest->tally.logins == 1 ? "" : "s",
		words_begin(busiest->begin, s->step, begin));
}

static void
print_head(FILE *out, const struct summary *s)
{
	const struct material *m = &s->material;
	char since[WORDS_TIME], until[WORDS_TIME];

	fprintf(out, "Logins from %s to %s\n\n",
		words_time(s->period.since, since),
		words_time(s->period.until, until));
	fprintf(out,
		"  logins        %10" PRIu32 "\n  addresses     %10" PRIu32
		"\n  users         %10" PRIu32 "\n",
		s->total.logins, s->total.addresses, s->total.users);
	fprintf(out, "  refused       %10ju\n  doubtful      %10ju\n",
		(uintmax_t)m->refused.lines, (uintmax_t)m->doubtful.lines);
	fprintf(out, "  lines read    %10ju\n", (uintmax_t)m->lines);
	if (m->headerless > 0)
		fprintf(out, "  without known header %3ju\n",
			(uintmax_t)m->headerless);
	print_busiest(out, s);
}

static void
print_strings(FILE *out, const char *title, const struct strings *list)
{
	char text[512];

	if (list->count > 0)
		fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "  %s\n",
			log_printable(text, sizeof(text), list->list[i],
				      strlen(list->list[i])));
}

static void
print_tally(FILE *out, const struct tally *tally)
{
	fprintf(out, "%10" PRIu32 " %10" PRIu32 " %10" PRIu32, tally->logins,
		tally->addresses, tally->users);
}

static void
print_servers(FILE *out, const struct summary *s)
{
	if (s->nservers == 0)
		return;
	fprintf(out, "\n%-24s %10s %10s %10s\n", "Servers", "logins",
		"addresses", "users");
	for (size_t i = 0; i < s->nservers; i++) {
		fprintf(out, "  %-22.*s ", (int)s->servers[i].len,
			s->servers[i].name);
		print_tally(out, &s->servers[i].tally);
		putc('\n', out);
	}
}

static void
print_hours(FILE *out, const struct summary *s)
{
	uint32_t most = 0;

	for (int hour = 0; hour < HOURS; hour++)
		if (s->hours[hour].logins > most)
			most = s->hours[hour].logins;
	if (most == 0)
		return;
	fprintf(out, "\n%-4s %10s %10s %10s\n", "Hour", "logins", "addresses",
		"users");
	for (int hour = 0; hour < HOURS; hour++) {
		uint64_t logins = s->hours[hour].logins;
		int length = (int)((logins * BAR + most - 1) / most);

		fprintf(out, "  %02d ", hour);
		print_tally(out, &s->hours[hour]);
		putc(length > 0 ? ' ' : '\n', out);
		while (length-- > 0)
			putc(length > 0 ? '#' : '\n', out);
	}
}

static void
print_names(FILE *out, const struct summary *s, const struct shared *shared)
{
	char user[WORDS_NAME];

	fputs("   ", out);
	for (size_t i = 0; i < shared->nusers; i++)
		fprintf(out, " %s", words_user(s, shared->users[i], user));
	if (shared->tally.users > shared->nusers)
		fprintf(out, " and %zu more",
			(size_t)shared->tally.users - shared->nusers);
	putc('\n', out);
}

static void
print_shared(FILE *out, const struct summary *s)
{
	char address[WORDS_ADDRESS], last[WORDS_TIME];

	if (s->nshared == 0)
		return;
	fprintf(out, "\n%-40s %6s %10s  %s\n", "Addresses of several users",
		"users", "logins", "last login");
	for (size_t i = 0; i < s->nshared; i++) {
		const struct shared *shared = &s->shared[i];

		fprintf(out, "  %-38s %6" PRIu32 " %10" PRIu32 "  %s\n",
			words_address(s, shared->addr, address),
			shared->tally.users, shared->tally.logins,
			words_time(shared->last, last));
		print_names(out, s, shared);
	}
	if (s->nshared_all > s->nshared)
		fprintf(out, "  and %zu more\n", s->nshared_all - s->nshared);
}

static void
print_reasons(FILE *out, const char *title, const struct reasons *reasons)
{
	char text[512];

	if (reasons->count > 0)
		fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < reasons->count; i++)
		fprintf(out, "%12ju  %s\n", (uintmax_t)reasons->list[i].lines,
			log_printable(text, sizeof(text), reasons->list[i].text,
				      strlen(reasons->list[i].text)));
}

static void
print_graces(FILE *out, const struct summary *s)
{
	char text[WORDS_TIME];

	if (s->total.logins == 0)
		return;
	fprintf(out, "\n%-12s %8s %8s %9s %9s %8s %13s\n", "With grace", "peak",
		"mean", "granted", "renewed", "share", "address-hours");
	for (size_t i = 0; i < s->ngraces; i++) {
		const struct grace *g = &s->graces[i];

		fprintf(out,
			"  %-8s %c %8" PRIu32 " %8.1f %9" PRIu32 " %9" PRIu32
			" %7u%% %13.1f\n",
			words_duration(g->seconds, text),
			g->seconds == s->material.grace ? '*' : ' ', g->peak,
			graces_mean(g, &s->period), g->grants, g->renewals,
			words_percent(g->renewals,
				      (uint64_t)g->grants + g->renewals),
			graces_hours(g));
	}
	fputs(
	    "  peak, mean: addresses authorized at once; share: of the logins "
	    "that renewed;\n  *: the configured grace\n",
	    out);
}

void
report_text_print(FILE *out, const struct summary *s)
{
	print_head(out, s);
	print_strings(out, "Read", &s->material.logs);
	print_strings(out, "Problems", &s->material.problems);
	print_servers(out, s);
	print_hours(out, s);
	print_shared(out, s);
	print_reasons(out, "Refused logins", &s->material.refused);
	print_reasons(out, "Doubtful lines", &s->material.doubtful);
	print_graces(out, s);
}
