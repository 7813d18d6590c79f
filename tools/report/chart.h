/*
 * chart: bars and areas over equal slots, as inline SVG.
 *
 * Across, a chart is as wide as its place: positions are in percent, so that
 * text keeps its size on a phone. Colors are those of the classes s0, s1 ... of
 * the page's style.
 */
#ifndef TOOLS_REPORT_CHART_H
#define TOOLS_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct chart {
	const char *id, *title, *description; /* the last two: for readers */
	size_t slots;
	uint32_t top, tick; /* by chart_scale() */
};

/* Chooses round numbers for the axis, the last of them not less than highest.
 */
void chart_scale(struct chart *, uint32_t highest);

/* Writes the axis and opens the plot, in which all below draw. */
void chart_open(FILE *, const struct chart *);
void chart_close(FILE *);

/* A piece of a bar, from one value up to another. */
void chart_bar(FILE *, const struct chart *, size_t slot, uint32_t from,
	       uint32_t to, unsigned int series);

/* The area below one value for each slot, and its outline. */
void chart_area(FILE *, const struct chart *, const uint32_t *values,
		unsigned int series);

/* A label where a slot begins, or in its middle; minor ones are left out where
 * there is little room. */
enum chart_place { CHART_BEGIN, CHART_MIDDLE };
void chart_label(FILE *, const struct chart *, size_t slot, enum chart_place,
		 bool minor, const char *text);

/* What a pointer over the slot shows: begin, write the text, end. */
void chart_begin_note(FILE *, const struct chart *, size_t slot);
void chart_end_note(FILE *);

/* A bar beside the numbers of a row. */
void chart_row_bar(FILE *, uint64_t part, uint64_t whole, unsigned int series);

#endif
