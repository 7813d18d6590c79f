#include "tools/report/page_time.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "tools/report/chart.h"
#include "tools/report/html.h"
#include "tools/report/summary.h"
#include "tools/report/words.h"

/* LABELS_MAX: so many have room on a wide page, and half of them on a phone.
 * GRACE_SERIES: the first of the colors for graces. */
enum { LABELS_MAX = 8, GRACE_SERIES = 10, OTHERS = SERVERS_APART };

/* ---- the axis of time ---- */

/* So many units from one label to the next that there are not too many. */
static unsigned int
choose_stride(size_t units)
{
	static const unsigned int strides[] = {1,  2,	5,   10,  15,  30,
					       60, 120, 180, 360, 720, 1440};
	size_t i = 0;

	while (i + 1 < sizeof(strides) / sizeof(*strides) &&
	       units / strides[i] > LABELS_MAX)
		i++;
	return strides[i];
}

/* Minutes since midnight, or for whole days how many there were. */
static bool
has_label(const struct summary *s, size_t i)
{
	const struct interval *part = &s->parts[i];
	time_t length = s->period.until - s->period.since;
	struct tm tm;

	if (s->step >= 86400)
		return i % ((s->nparts + LABELS_MAX - 1) / LABELS_MAX) == 0;
	localtime_r(&part->begin, &tm);
	return (unsigned int)(tm.tm_hour * 60 + tm.tm_min) %
		   choose_stride((size_t)length / 60) ==
	       0;
}

/* A midnight is shown as its day. */
static const char *
label_of(const struct summary *s, size_t i, char out[WORDS_TIME])
{
	struct tm tm;

	localtime_r(&s->parts[i].begin, &tm);
	if (s->step >= 86400)
		strftime(out, WORDS_TIME, "%e %b", &tm);
	else if (tm.tm_hour == 0 && tm.tm_min == 0)
		strftime(out, WORDS_TIME, "%a %e", &tm);
	else
		strftime(out, WORDS_TIME, "%H:%M", &tm);
	return out;
}

static void
write_labels(FILE *out, const struct summary *s, const struct chart *chart)
{
	char text[WORDS_TIME];
	size_t count = 0;

	for (size_t i = 0; i < s->nparts; i++)
		if (has_label(s, i))
			chart_label(out, chart, i, CHART_BEGIN,
				    count++ % 2 == 1, label_of(s, i, text));
}

static void
write_begin(FILE *out, const struct summary *s, size_t i)
{
	char text[WORDS_TIME];

	html_text(out, words_begin(s->parts[i].begin, s->step, text));
}

static void
open_table(FILE *out, const char *id, const char *caption, const char *first)
{
	fprintf(out,
		"<details><summary>Numbers</summary><div class=\"scroll "
		"tall\" tabindex=\"0\"><table id=\"%s\"><caption>%s</caption>"
		"<thead><tr><th scope=\"col\">%s</th>",
		id, caption, first);
}

static void
close_table(FILE *out)
{
	fputs("</tbody></table></div></details>\n", out);
}

static void
write_cell(FILE *out, uint64_t number)
{
	fputs("<td>", out);
	html_number(out, number);
	fputs("</td>", out);
}

static void
write_tally(FILE *out, const struct tally *tally)
{
	write_cell(out, tally->logins);
	write_cell(out, tally->addresses);
	write_cell(out, tally->users);
}

static void
write_tally_head(FILE *out)
{
	fputs("<th scope=\"col\">Logins</th><th scope=\"col\">Addresses</th>"
	      "<th scope=\"col\">Users</th>",
	      out);
}

/* ---- logins ---- */

/* The name of a column of servers, as text. */
static void
write_column(FILE *out, const struct summary *s, size_t column)
{
	size_t len;

	html_text(out, summary_column(s, column, &len));
}

static unsigned int
column_series(size_t column)
{
	return column < SERVERS_APART ? (unsigned int)column : OTHERS;
}

static void
write_legend(FILE *out, const struct summary *s)
{
	fputs("<ul class=\"legend\">", out);
	for (size_t c = 0; c < summary_columns(s); c++) {
		fprintf(out, "<li><span class=\"key s%u\"></span>",
			column_series(c));
		write_column(out, s, c);
		fputs("</li>", out);
	}
	fputs("</ul>\n", out);
}

static void
write_stack(FILE *out, const struct summary *s, const struct chart *chart,
	    size_t i)
{
	const struct interval *part = &s->parts[i];
	uint32_t from = 0;

	for (size_t c = 0; c < summary_columns(s); c++) {
		chart_bar(out, chart, i, from, from + part->servers[c],
			  column_series(c));
		from += part->servers[c];
	}
}

static void
write_login_note(FILE *out, const struct summary *s, size_t i)
{
	const struct interval *part = &s->parts[i];

	write_begin(out, s, i);
	fputs(": ", out);
	html_number(out, part->tally.logins);
	fputs(part->tally.logins == 1 ? " login" : " logins", out);
	for (size_t c = 0; summary_columns(s) > 1 && c < summary_columns(s);
	     c++) {
		fputs(c == 0 ? " (" : ", ", out);
		write_column(out, s, c);
		putc(' ', out);
		html_number(out, part->servers[c]);
	}
	if (summary_columns(s) > 1)
		putc(')', out);
}

static void
write_login_table(FILE *out, const struct summary *s)
{
	size_t columns = summary_columns(s);

	open_table(out, "parts", "Logins through the period", "From");
	write_tally_head(out);
	for (size_t c = 0; c < columns; c++) {
		fputs("<th scope=\"col\">", out);
		write_column(out, s, c);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < s->nparts; i++) {
		fputs("<tr><th scope=\"row\">", out);
		write_begin(out, s, i);
		fputs("</th>", out);
		write_tally(out, &s->parts[i].tally);
		for (size_t c = 0; c < columns; c++)
			write_cell(out, s->parts[i].servers[c]);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

void
page_time_logins(FILE *out, const struct summary *s)
{
	struct chart chart = {.id = "logins",
			      .title = "Logins through the period",
			      .description =
				  "Bars, one piece for each server. The table "
				  "after the chart has the numbers.",
			      .slots = s->nparts};
	uint32_t most = 0;

	for (size_t i = 0; i < s->nparts; i++)
		if (s->parts[i].tally.logins > most)
			most = s->parts[i].tally.logins;
	chart_scale(&chart, most);
	fprintf(out, "<section class=\"wide\"><h2>Logins in each %s</h2>\n",
		words_step(s->step));
	write_legend(out, s);
	chart_open(out, &chart);
	for (size_t i = 0; i < s->nparts; i++)
		write_stack(out, s, &chart, i);
	for (size_t i = 0; i < s->nparts; i++) {
		chart_begin_note(out, &chart, i);
		write_login_note(out, s, i);
		chart_end_note(out);
	}
	write_labels(out, s, &chart);
	chart_close(out);
	write_login_table(out, s);
	fputs("</section>\n", out);
}

/* ---- addresses authorized at once ---- */

static void
write_grace(FILE *out, const struct summary *s, size_t g)
{
	char text[WORDS_TIME];

	html_text(out, words_duration(s->graces[g].seconds, text));
}

static void
write_grace_legend(FILE *out, const struct summary *s)
{
	fputs("<ul class=\"legend\">", out);
	for (size_t g = 0; g < s->ngraces; g++) {
		fprintf(out, "<li><span class=\"key s%zu\"></span>grace ",
			g + GRACE_SERIES);
		write_grace(out, s, g);
		if (s->graces[g].seconds == s->material.grace)
			fputs(" (configured)", out);
		fputs("</li>", out);
	}
	fputs("</ul>\n", out);
}

/* A longer grace authorizes all that a shorter one does, so it lies below. */
static void
write_areas(FILE *out, const struct summary *s, const struct chart *chart)
{
	uint32_t *values = alloc_zero(s->nparts, sizeof(*values));

	for (size_t g = s->ngraces; g-- > 0;) {
		for (size_t i = 0; i < s->nparts; i++)
			values[i] = s->parts[i].peaks[g];
		chart_area(out, chart, values,
			   (unsigned int)(g + GRACE_SERIES));
	}
	free(values);
}

static void
write_peak_note(FILE *out, const struct summary *s, size_t i)
{
	write_begin(out, s, i);
	for (size_t g = 0; g < s->ngraces; g++) {
		fputs(g == 0 ? ": " : ", ", out);
		html_number(out, s->parts[i].peaks[g]);
		fputs(" with ", out);
		write_grace(out, s, g);
	}
}

static void
write_peak_table(FILE *out, const struct summary *s)
{
	open_table(out, "peaks", "The most addresses authorized at once",
		   "From");
	for (size_t g = 0; g < s->ngraces; g++) {
		fputs("<th scope=\"col\">", out);
		write_grace(out, s, g);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < s->nparts; i++) {
		fputs("<tr><th scope=\"row\">", out);
		write_begin(out, s, i);
		fputs("</th>", out);
		for (size_t g = 0; g < s->ngraces; g++)
			write_cell(out, s->parts[i].peaks[g]);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

void
page_time_peaks(FILE *out, const struct summary *s)
{
	struct chart chart = {.id = "at-once",
			      .title = "Addresses authorized at once",
			      .description =
				  "Areas, one for each grace period. The table "
				  "after the chart has the numbers.",
			      .slots = s->nparts};

	chart_scale(&chart, s->graces[s->ngraces - 1].peak);
	write_grace_legend(out, s);
	chart_open(out, &chart);
	write_areas(out, s, &chart);
	for (size_t i = 0; i < s->nparts; i++) {
		chart_begin_note(out, &chart, i);
		write_peak_note(out, s, i);
		chart_end_note(out);
	}
	write_labels(out, s, &chart);
	chart_close(out);
	write_peak_table(out, s);
}

/* ---- the hours of the day ---- */

static void
write_hour_table(FILE *out, const struct summary *s)
{
	open_table(out, "hours", "Logins by the hour of the day", "Hour");
	write_tally_head(out);
	fputs("</tr></thead><tbody>\n", out);
	for (int hour = 0; hour < HOURS; hour++) {
		fprintf(out, "<tr><th scope=\"row\">%02d</th>", hour);
		write_tally(out, &s->hours[hour]);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

static void
write_hour(FILE *out, const struct summary *s, const struct chart *chart,
	   size_t hour)
{
	char text[WORDS_TIME];

	chart_bar(out, chart, hour, 0, s->hours[hour].logins, 0);
	if (hour % 3 == 0) {
		snprintf(text, sizeof(text), "%02zu", hour);
		chart_label(out, chart, hour, CHART_MIDDLE, hour % 6 == 3,
			    text);
	}
	chart_begin_note(out, chart, hour);
	fprintf(out, "%02zu:00 to %02zu:59: ", hour, hour);
	html_number(out, s->hours[hour].logins);
	fputs(" logins", out);
	chart_end_note(out);
}

void
page_time_hours(FILE *out, const struct summary *s)
{
	struct chart chart = {.id = "by-hour",
			      .title = "Logins by the hour of the day",
			      .description = "24 bars. The table after the "
					     "chart has the numbers.",
			      .slots = HOURS};
	uint32_t most = 0;

	for (size_t hour = 0; hour < HOURS; hour++)
		if (s->hours[hour].logins > most)
			most = s->hours[hour].logins;
	chart_scale(&chart, most);
	fputs("<section><h2>Logins by the hour of the day</h2>\n", out);
	chart_open(out, &chart);
	for (size_t hour = 0; hour < HOURS; hour++)
		write_hour(out, s, &chart, hour);
	chart_close(out);
	write_hour_table(out, s);
	fputs("</section>\n", out);
}
