/*
 * screen: a rectangle of characters in memory, drawn before it is shown.
 */
#ifndef TOOLS_TOP_SCREEN_H
#define TOOLS_TOP_SCREEN_H

#include <stddef.h>
#include <wchar.h>

enum style {
	STYLE_PLAIN,
	STYLE_TITLE,	/* the first line, and the heads of the panes */
	STYLE_SELECTED, /* the address that keys act on */
	STYLE_GOOD,
	STYLE_BAD
};

/* One column of one row. A wide character takes two; the second has c == 0. */
struct screen_cell {
	wchar_t c;
	enum style style;
};

struct screen {
	int rows, columns;
	struct screen_cell *cells; /* row by row */
	/* Where the terminal's cursor belongs; row < 0: nowhere. */
	int cursor_row, cursor_column;
};

/* All blank. rows and columns: 1 or more. */
struct screen *screen_new(int rows, int columns);
void screen_free(struct screen **);

const struct screen_cell *screen_cell(const struct screen *, int row,
				      int column);

/*
 * Writes UTF-8 text into a row, at most width columns from this column on, and
 * never beyond the edge; a longer text ends with "...". Returns the column
 * after it. Backslashes and all that is not a printable character of the locale
 * become \xNN, so that no text can send anything to the terminal.
 */
int screen_put(struct screen *, int row, int column, int width, enum style,
	       const char *text);

/* How many columns the text would take. */
int screen_width(const char *text);

/* Gives a whole row this style. */
void screen_paint(struct screen *, int row, enum style);

#endif
