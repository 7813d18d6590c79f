/* The wide functions of ncurses are declared only on request. */
#define NCURSES_WIDECHAR 1
#include "tools/top/terminal.h"

#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/err.h"
#include "tools/top/keys.h"
#include "tools/top/screen.h"

/* How long Escape waits for the rest of a sequence, which may come slowly. */
enum { ESCAPE_MS = 100 };
enum { PAIR_GOOD = 1, PAIR_BAD };

struct terminal {
	SCREEN *screen;
	bool colours;
};

static int
check(const char *name, struct err *err)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, "standard input and output must be a "
				    "terminal; see pbsctl status and list");
	if (name == NULL || *name == '\0')
		return err_set(err, "TERM is not set: which terminal is this?");
	return 0;
}

/* https://no-color.org: set, and not empty. */
static bool
wants_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || *no == '\0') && has_colors();
}

static void
set_up(struct terminal *t)
{
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	t->colours = wants_colours() && start_color() == OK;
	if (!t->colours)
		return;
	use_default_colors();
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
}

struct terminal *
terminal_open(struct err *err)
{
	struct terminal *t = alloc_zero(1, sizeof(*t));
	const char *name = getenv("TERM");

	setlocale(LC_CTYPE, "");
	if (check(name, err) != 0) {
		terminal_close(&t);
		return NULL;
	}
	t->screen = newterm(NULL, stdout, stdin);
	if (t->screen == NULL) {
		err_set(err, "terminfo does not know this terminal, TERM=%s",
			name);
		terminal_close(&t);
	} else if (tigetstr("cup") == NULL) {
		err_set(err,
			"this terminal, TERM=%s, cannot move its cursor; see "
			"pbsctl status and list",
			name);
		terminal_close(&t);
	} else {
		set_up(t);
	}
	return t;
}

void
terminal_close(struct terminal **terminal)
{
	struct terminal *t = *terminal;

	*terminal = NULL;
	if (t != NULL && t->screen != NULL) {
		endwin();
		delscreen(t->screen);
	}
	free(t);
}

void
terminal_size(const struct terminal *t, int *rows, int *columns)
{
	(void)t;
	getmaxyx(stdscr, *rows, *columns);
	if (*rows < 1)
		*rows = 1;
	if (*columns < 1)
		*columns = 1;
}

void
terminal_resize(struct terminal *t)
{
	struct winsize size;

	(void)t;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

void
terminal_repaint(struct terminal *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

static attr_t
attributes(const struct terminal *t, enum style style)
{
	switch (style) {
	case STYLE_TITLE:
		return A_BOLD;
	case STYLE_SELECTED:
		return A_REVERSE;
	case STYLE_GOOD:
		return t->colours ? COLOR_PAIR(PAIR_GOOD) : A_NORMAL;
	case STYLE_BAD:
		return t->colours ? COLOR_PAIR(PAIR_BAD) | A_BOLD : A_BOLD;
	default:
		return A_NORMAL;
	}
}

/* Shows the cells of one style that begin here; returns the column after. */
static int
show_run(const struct terminal *t, const struct screen *s, int row, int column)
{
	const struct screen_cell *cell = screen_cell(s, row, column);
	wchar_t *text = alloc_zero((size_t)s->columns + 1, sizeof(wchar_t));
	enum style style = cell->style;
	int start = column, len = 0;

	for (; column < s->columns && cell->style == style; column++, cell++)
		if (cell->c != 0)
			text[len++] = cell->c;
	attrset((int)attributes(t, style));
	mvaddnwstr(row, start, text, len);
	free(text);
	return column;
}

void
terminal_show(struct terminal *t, const struct screen *s)
{
	erase();
	for (int row = 0; row < s->rows; row++)
		for (int column = 0; column < s->columns;)
			column = show_run(t, s, row, column);
	curs_set(s->cursor_row >= 0);
	move(s->cursor_row >= 0 ? s->cursor_row : s->rows - 1,
	     s->cursor_row >= 0 ? s->cursor_column : 0);
	refresh();
}

static int
key_of(wint_t code)
{
	static const struct {
		wint_t code;
		int key;
	} keys[] = {
	    {KEY_UP, TOP_KEY_UP},	  {KEY_DOWN, TOP_KEY_DOWN},
	    {KEY_PPAGE, TOP_KEY_PAGE_UP}, {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
	    {KEY_HOME, TOP_KEY_HOME},	  {KEY_END, TOP_KEY_END},
	    {KEY_DC, TOP_KEY_DELETE},	  {KEY_BACKSPACE, TOP_KEY_BACKSPACE},
	    {KEY_ENTER, TOP_KEY_ENTER},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return TOP_KEY_OTHER;
}

bool
terminal_key(struct terminal *t, int *key)
{
	wint_t code;
	int result = get_wch(&code);

	(void)t;
	if (result == ERR)
		return false;
	*key = result == KEY_CODE_YES ? key_of(code) : (int)code;
	if (*key == '\r')
		*key = TOP_KEY_ENTER;
	if (*key == '\b')
		*key = TOP_KEY_BACKSPACE;
	return true;
}
