#include "tools/top/screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/alloc.h"
#include "base/utf8.h"

/* A character of a text, as it is shown: itself, or \xNN. */
struct glyph {
	wchar_t c[4];
	int count;   /* of c */
	int columns; /* that they take */
	size_t used; /* bytes of the text */
};

struct screen *
screen_new(int rows, int columns)
{
	struct screen *s = alloc_zero(1, sizeof(*s));

	s->rows = rows;
	s->columns = columns;
	s->cells = alloc_zero((size_t)rows * (size_t)columns,
			      sizeof(struct screen_cell));
	for (int i = 0; i < rows * columns; i++)
		s->cells[i].c = L' ';
	s->cursor_row = -1;
	return s;
}

void
screen_free(struct screen **screen)
{
	if (*screen == NULL)
		return;
	free((*screen)->cells);
	free(*screen);
	*screen = NULL;
}

static struct screen_cell *
at(const struct screen *s, int row, int column)
{
	return &s->cells[row * s->columns + column];
}

const struct screen_cell *
screen_cell(const struct screen *s, int row, int column)
{
	return at(s, row, column);
}

static wchar_t
decode(const unsigned char *bytes, size_t len)
{
	wchar_t c = len == 1 ? bytes[0] : bytes[0] & (0x7f >> len);

	for (size_t i = 1; i < len; i++)
		c = (wchar_t)(c << 6 | (bytes[i] & 0x3f));
	return c;
}

static struct glyph
escaped(unsigned char byte)
{
	static const char digits[] = "0123456789ABCDEF";

	return (struct glyph){
	    {L'\\', L'x', digits[byte >> 4], digits[byte & 15]}, 4, 4, 1};
}

/* The next character of a text that is not empty. Marks of no width,
 * such as those that reverse the direction of the text, are not printed. */
static struct glyph
next_glyph(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t len = utf8_length(bytes, strnlen(text, 4));
	wchar_t c = len > 0 ? decode(bytes, len) : 0;

	if (len == 0 || c == L'\\' || !iswprint((wint_t)c) || wcwidth(c) < 1)
		return escaped(*bytes);
	return (struct glyph){{c}, 1, wcwidth(c), len};
}

int
screen_width(const char *text)
{
	int width = 0;

	while (*text != '\0') {
		struct glyph g = next_glyph(text);

		width += g.columns;
		text += g.used;
	}
	return width;
}

/* Whether the text fits; reads no more of it than that needs. */
static bool
fits(const char *text, int width)
{
	while (*text != '\0' && width >= 0) {
		struct glyph g = next_glyph(text);

		width -= g.columns;
		text += g.used;
	}
	return width >= 0;
}

static int
put_glyph(struct screen *s, int row, int column, enum style style,
	  const struct glyph *g)
{
	struct screen_cell *cell = at(s, row, column);

	for (int i = 0; i < g->columns; i++)
		cell[i] =
		    (struct screen_cell){i < g->count ? g->c[i] : 0, style};
	return column + g->columns;
}

int
screen_put(struct screen *s, int row, int column, int width, enum style style,
	   const char *text)
{
	const char *dots = "";
	int end;

	if (row < 0 || row >= s->rows || column >= s->columns || width <= 0)
		return column;
	end = width < s->columns - column ? column + width : s->columns;
	if (!fits(text, end - column)) {
		dots = &"..."[end - column < 3 ? 3 - (end - column) : 0];
		end -= (int)strlen(dots);
	}
	while (*text != '\0') {
		struct glyph g = next_glyph(text);

		if (column + g.columns > end)
			break;
		column = put_glyph(s, row, column, style, &g);
		text += g.used;
	}
	for (; *dots != '\0'; dots++)
		column = put_glyph(s, row, column, style,
				   &(struct glyph){{*dots}, 1, 1, 1});
	return column;
}

void
screen_paint(struct screen *s, int row, enum style style)
{
	for (int column = 0; row < s->rows && column < s->columns; column++)
		at(s, row, column)->style = style;
}
