#include "tools/report/chart.h"

#include <inttypes.h>

#include "tools/report/html.h"

/* Pixels; the style has the same heights. */
enum { HEIGHT = 180, ABOVE = 10, LABELS = 24, TICKS = 4 };

/* The share of its slot that a bar takes. */
static const double BAR = 0.82;

void
chart_scale(struct chart *chart, uint32_t highest)
{
	uint64_t power = 1, tick = 1;

	while (tick * TICKS < highest) {
		if (tick == power)
			tick = 2 * power;
		else if (tick == 2 * power)
			tick = 5 * power;
		else
			tick = power *= 10;
	}
	if (highest == 0)
		highest = 1;
	chart->tick = (uint32_t)tick;
	chart->top = (uint32_t)((highest + tick - 1) / tick * tick);
}

static double
height_of(const struct chart *chart, uint32_t value)
{
	return ABOVE + HEIGHT * (1 - (double)value / (double)chart->top);
}

/* In percent of the width. */
static double
left_of(const struct chart *chart, double slot)
{
	return slot * 100 / (double)chart->slots;
}

static void
write_axis(FILE *out, const struct chart *chart)
{
	fprintf(out,
		"<svg class=\"axis\" width=\"100%%\" height=\"%d\" "
		"aria-hidden=\"true\">",
		ABOVE + HEIGHT + LABELS);
	for (uint64_t v = 0; v <= chart->top; v += chart->tick) {
		fprintf(out, "<text x=\"100%%\" y=\"%.1f\">",
			height_of(chart, (uint32_t)v) + 4);
		html_number(out, v);
		fputs("</text>", out);
	}
	fputs("</svg>\n", out);
}

static void
write_grid(FILE *out, const struct chart *chart)
{
	for (uint64_t v = 0; v <= chart->top; v += chart->tick) {
		double y = height_of(chart, (uint32_t)v);

		fprintf(out,
			"<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" "
			"y2=\"%.1f\"/>",
			v == 0 ? "base" : "grid", y, y);
	}
	putc('\n', out);
}

void
chart_open(FILE *out, const struct chart *chart)
{
	fputs("<div class=\"chart\">\n", out);
	write_axis(out, chart);
	fprintf(out,
		"<svg class=\"plot\" role=\"img\" width=\"100%%\" "
		"height=\"%d\" aria-labelledby=\"%s-title %s-text\">"
		"<title id=\"%s-title\">",
		ABOVE + HEIGHT + LABELS, chart->id, chart->id, chart->id);
	html_text(out, chart->title);
	fprintf(out, "</title><desc id=\"%s-text\">", chart->id);
	html_text(out, chart->description);
	fputs("</desc>\n", out);
	write_grid(out, chart);
}

void
chart_close(FILE *out)
{
	fputs("</svg>\n</div>\n", out);
}

void
chart_bar(FILE *out, const struct chart *chart, size_t slot, uint32_t from,
	  uint32_t to, unsigned int series)
{
	double y = height_of(chart, to);

	if (from == to)
		return;
	fprintf(out,
		"<rect class=\"s%u\" x=\"%.3f%%\" y=\"%.2f\" "
		"width=\"%.3f%%\" height=\"%.2f\"/>",
		series, left_of(chart, (double)slot + (1 - BAR) / 2), y,
		left_of(chart, BAR), height_of(chart, from) - y);
}

static void
write_steps(FILE *out, const struct chart *chart, const uint32_t *values)
{
	fprintf(out, "M0 %d", ABOVE + HEIGHT);
	for (size_t i = 0; i < chart->slots; i++)
		fprintf(out, "V%.1fH%zu", height_of(chart, values[i]), i + 1);
}

/* The same, but nothing along the axis, where it would pass for data. */
static void
write_outline(FILE *out, const struct chart *chart, const uint32_t *values)
{
	fprintf(out, "M0 %d", ABOVE + HEIGHT);
	for (size_t i = 0; i < chart->slots; i++) {
		if (values[i] > 0 || (i > 0 && values[i - 1] > 0))
			fprintf(out, "V%.1f", height_of(chart, values[i]));
		if (values[i] > 0)
			fprintf(out, "H%zu", i + 1);
		else
			fprintf(out, "M%zu %d", i + 1, ABOVE + HEIGHT);
	}
}

/* In a picture of its own, which is stretched: in percent there are no paths.
 */
void
chart_area(FILE *out, const struct chart *chart, const uint32_t *values,
	   unsigned int series)
{
	fprintf(out,
		"<svg x=\"0\" y=\"0\" width=\"100%%\" height=\"%d\" "
		"viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\">"
		"<path class=\"area s%u\" d=\"",
		ABOVE + HEIGHT, chart->slots, ABOVE + HEIGHT, series);
	write_steps(out, chart, values);
	fprintf(out, "V%dH0Z\"/><path class=\"outline s%u\" d=\"",
		ABOVE + HEIGHT, series);
	write_outline(out, chart, values);
	fputs("\"/></svg>\n", out);
}

void
chart_label(FILE *out, const struct chart *chart, size_t slot,
	    enum chart_place place, bool minor, const char *text)
{
	double x =
	    left_of(chart, (double)slot + (place == CHART_MIDDLE ? 0.5 : 0));

	fprintf(out, "<g%s>", minor ? " class=\"minor\"" : "");
	if (place == CHART_BEGIN)
		fprintf(out,
			"<line class=\"base\" x1=\"%.3f%%\" x2=\"%.3f%%\" "
			"y1=\"%d\" y2=\"%d\"/>",
			x, x, ABOVE + HEIGHT, ABOVE + HEIGHT + 4);
	fprintf(out, "<text x=\"%.3f%%\" y=\"%d\">", x, ABOVE + HEIGHT + 18);
	html_text(out, text);
	fputs("</text></g>", out);
}

void
chart_begin_note(FILE *out, const struct chart *chart, size_t slot)
{
	fprintf(out,
		"<rect class=\"note\" x=\"%.3f%%\" y=\"%d\" width=\"%.3f%%\" "
		"height=\"%d\"><title>",
		left_of(chart, (double)slot), ABOVE, left_of(chart, 1), HEIGHT);
}

void
chart_end_note(FILE *out)
{
	fputs("</title></rect>\n", out);
}

void
chart_row_bar(FILE *out, uint64_t part, uint64_t whole, unsigned int series)
{
	fprintf(out,
		"<svg class=\"row\" width=\"100%%\" height=\"10\" "
		"aria-hidden=\"true\"><rect class=\"s%u\" width=\"%.2f%%\" "
		"height=\"10\"/></svg>",
		series, whole > 0 ? (double)part * 100 / (double)whole : 0.0);
}
