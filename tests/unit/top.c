/* pbsctl top without a terminal: how it reads the daemon's answers, what each
 * key does, and what it draws on a screen of any size. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "tests/tap.h"
#include "tools/top/keys.h"
#include "tools/top/layout.h"
#include "tools/top/model.h"
#include "tools/top/rates.h"
#include "tools/top/screen.h"

enum { NOW = 1700000000, PAGE = 10 };

static const char list[] =
    "192.0.2.7 1699999990 1700001790 ann,bob,cy\n"
    "192.0.2.8 1699999000 1700000030 dora\n"
    "192.0.2.9 1699999995 1700001795 -\n"
    "2001:db8:1:2::7 1699999999 1700001799 emil,%1B[2J%0Afred\n";

/* Hands a copy of the answer to the model. */
static int
give(struct model *m, int (*take)(struct model *, char *), const char *answer)
{
	char *copy = alloc_string(answer);
	int result = take(m, copy);

	free(copy);
	return result;
}

static struct model *
watching(void)
{
	struct model *m = model_new();

	model_tick(m, NOW, 0);
	give(m, model_take_status,
	     "pid 42\naddresses 4\nlogins 5\nlines 100\ngranted 4\nevents 2\n");
	give(m, model_take_list, list);
	give(m, model_take_events,
	     "1 1699999990 granted 192.0.2.7 1800 dovecot-login ann\n"
	     "2 1699999999 refused 10.0.0.1 excluded%2010.0.0.0/8 "
	     "dovecot-login %1B]0;eve%07\n");
	return m;
}

/* One row of a screen, without what is blank at its end. */
static const char *
row_of(const struct screen *s, int row)
{
	static char text[1024];
	size_t len = 0;

	for (int column = 0; column < s->columns; column++) {
		const struct screen_cell *cell = screen_cell(s, row, column);

		if (cell->c != 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"%lc", (wint_t)cell->c);
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
	return text;
}

static void
is_row(const struct model *m, int rows, int columns, int row, const char *want)
{
	struct screen *s = screen_new(rows, columns);

	layout_draw(m, s);
	is_str(row_of(s, row < 0 ? rows + row : row), want, "%dx%d, row %d",
	       columns, rows, row);
	screen_free(&s);
}

static void
type(struct model *m, const char *keys)
{
	for (; *keys != '\0'; keys++)
		keys_press(m, *keys, PAGE);
}

/* ---- the screen ---- */

static void
is_put(const char *text, int width, const char *want, int column)
{
	struct screen *s = screen_new(1, 20);

	is_int(screen_put(s, 0, 2, width, STYLE_GOOD, text), column,
	       "the column after '%s'", want);
	is_str(row_of(s, 0), want, "'%s'", want);
	screen_free(&s);
}

static void
puts_text(void)
{
	is_put("abc", 10, "  abc", 5);
	is_put("abcdef", 5, "  ab...", 7);
	is_put("abcdef", 2, "  ..", 4);
	is_put("abcdefghijklmnopqrstuvwxyz", 99, "  abcdefghijklmno...", 20);
	is_put("", 10, "", 2);
	is_put("a\033[31mb", 18, "  a\\x1B[31mb", 12);
	is_put("a\nb\\c", 18, "  a\\x0Ab\\x5Cc", 13);
	is_put("\xc2\x9b"
	       "1",
	       18, "  \\xC2\\x9B1", 11);
	is_put("\xff\xc3", 18, "  \\xFF\\xC3", 10);
	is_put("\xe2\x80\xae"
	       "x",
	       18, "  \\xE2\\x80\\xAEx", 15);
	is_put("e\xcc\x81", 18, "  e\\xCC\\x81", 11);
}

static void
puts_wide_text(void)
{
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
		tap_skip("wide characters", "no locale C.UTF-8");
		return;
	}
	is_put("b\xc3\xb6"
	       "b",
	       18,
	       "  b\xc3\xb6"
	       "b",
	       5);
	is_put("\xe6\xbc\xa2\xe5\xad\x97", 18, "  \xe6\xbc\xa2\xe5\xad\x97", 6);
	is_put("\xe6\xbc\xa2\xe5\xad\x97", 3, "  ...", 5);
	is_put("\xe2\x80\xae"
	       "x",
	       18, "  \\xE2\\x80\\xAEx", 15);
	setlocale(LC_CTYPE, "C");
	is_put("b\xc3\xb6"
	       "b",
	       18, "  b\\xC3\\xB6b", 12);
}

/* ---- the model ---- */

static void
takes_answers(void)
{
	struct model *m = watching();

	is_int((long long)m->nshown, 4, "four addresses");
	is_int((long long)model_newest_event(m), 2, "two events");
	ok(!model_wants_list(m) && !model_wants_events(m), "nothing is new");
	give(m, model_take_status,
	     "pid 42\ngranted 4\nrenewed 1\nevents 3\nlines 101\n");
	ok(model_wants_list(m) && model_wants_events(m), "now there is");
	model_tick(m, NOW + 3, 3000);
	is_row(m, 24, 80, 0,
	       "22:13:23  0 authorized  listed at 22:13:20  "
	       "pop-before-smtp pid 42");
	is_int(give(m, model_take_list, "nonsense\n"), -1, "a malformed list");
	is_int(give(m, model_take_events, "3 1 granted\n"), -1,
	       "a malformed event");
	is_int(give(m, model_take_status, "lines 7\n"), -1,
	       "a status without pid");
	give(m, model_take_status,
	     "pid 43\ngranted 4\nrenewed 1\nevents 3\nlines 101\n");
	is_int((long long)model_newest_event(m), 0,
	       "another daemon has its own events");
	model_free(&m);
	ok(m == NULL, "freed");
}

static void
keeps_events_bounded(void)
{
	struct model *m = watching();
	char line[128];

	for (int i = 3; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d 1 granted 192.0.2.1 9 r u\n",
			 i);
		give(m, model_take_events, line);
	}
	is_int((long long)m->nevents, TOP_EVENTS_MAX, "events are bounded");
	is_int((long long)model_newest_event(m), 999, "the newest are kept");
	model_free(&m);
}

static void
counts_rates(void)
{
	struct model *m = model_new();
	char status[128];

	for (int s = 0; s <= 30; s++) {
		model_tick(m, NOW + s, s * 1000);
		snprintf(status, sizeof(status),
			 "pid 1\nlines %d\nlogins %d\nrefused %d\n",
			 s < 10 ? 0 : (s - 10) * 100, s * 2, s);
		give(m, model_take_status, status);
	}
	is_int((long long)(rates_now(m->rates).lines * 10), 1000, "lines");
	is_int((long long)(rates_now(m->rates).logins * 10), 20, "logins");
	is_int((long long)(rates_now(m->rates).refused * 10), 10, "refused");
	give(m, model_take_status, "pid 2\nlines 1\n");
	is_int((long long)rates_now(m->rates).lines, 0, "after a restart");
	model_free(&m);
}

static void
knows_failing_maps(void)
{
	struct model *m = watching();

	ok(!model_maps_fail(m), "maps are well");
	give(m, model_take_status,
	     "pid 42\nlines 100\nevents 2\n"
	     "publish_failures 1\n");
	ok(model_maps_fail(m), "one could not be written");
	is_row(m, 24, 80, 2, "maps cannot be written  written 0  failed 1");
	model_tick(m, NOW + 60, 60000);
	ok(!model_maps_fail(m), "and that is over");
	is_row(m, 24, 80, 2, "maps ok  written 0  failed 1");
	model_free(&m);
}

/* ---- keys ---- */

static const char *
order_of(const struct model *m)
{
	static char text[256];
	char address[ADDR_TEXT_MAX];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < m->nshown; i++) {
		addr_format(&m->shown[i]->addr, address);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					i > 0 ? " " : "", address);
	}
	return text;
}

static void
sorts(void)
{
	struct model *m = watching();

	is_str(order_of(m), "2001:db8:1:2::7 192.0.2.9 192.0.2.7 192.0.2.8",
	       "the newest login first");
	type(m, "u");
	is_str(order_of(m), "192.0.2.7 2001:db8:1:2::7 192.0.2.8 192.0.2.9",
	       "most users first");
	type(m, "e");
	is_str(order_of(m), "192.0.2.8 192.0.2.7 192.0.2.9 2001:db8:1:2::7",
	       "what expires first");
	type(m, "a");
	is_str(order_of(m), "192.0.2.7 192.0.2.8 192.0.2.9 2001:db8:1:2::7",
	       "by address");
	type(m, "s");
	is_int(m->order, TOP_BY_LOGIN, "s: the next order");
	type(m, "e");
	model_tick(m, NOW + 30, 30000);
	is_str(order_of(m), "192.0.2.7 192.0.2.9 2001:db8:1:2::7",
	       "what has expired is gone");
	model_free(&m);
}

static void
filters(void)
{
	struct model *m = watching();

	type(m, "/DOR");
	is_str(order_of(m), "192.0.2.8", "by user, in either case");
	is_row(m, 24, 80, -1, "/DOR");
	type(m, "q\x7f\x7f\x7f\x7f");
	is_str(m->filter, "", "keys are text meanwhile");
	type(m, "2001:\n");
	is_str(order_of(m), "2001:db8:1:2::7", "by address");
	is_row(m, 24, 80, 0,
	       "22:13:20  4 authorized  1 shown  "
	       "pop-before-smtp pid 42");
	type(m, "/x");
	keys_press(m, TOP_KEY_ESCAPE, PAGE);
	is_str(m->filter, "2001:", "Escape takes the change back");
	keys_press(m, TOP_KEY_ESCAPE, PAGE);
	is_str(m->filter, "", "and then the filter");
	type(m, "/");
	for (int i = 0; i < 100; i++)
		keys_press(m, 0x6f22, PAGE);
	is_int((long long)strlen(m->filter), 63, "it is bounded");
	type(m, "\x7f");
	is_int((long long)strlen(m->filter), 60,
	       "a character is deleted whole");
	is_row(m, 24, 80, 4, "no address matches the filter");
	model_free(&m);
}

static void
selects(void)
{
	struct model *m = watching();

	type(m, "jj");
	is_int((long long)m->cursor, 2, "down");
	give(m, model_take_list,
	     "192.0.2.7 1699999990 1700001790 ann\n"
	     "192.0.2.1 1700000000 1700001799 new\n"
	     "192.0.2.2 1700000000 1700001799 new\n");
	is_int((long long)m->cursor, 2, "it stays on its address");
	type(m, "kkk");
	is_int((long long)m->cursor, 0, "up, and no further");
	keys_press(m, TOP_KEY_END, PAGE);
	is_int((long long)m->cursor, 2, "to the end");
	give(m, model_take_list, "");
	is_int((long long)m->cursor, 0, "nothing is left");
	ok(model_selected(m) == NULL, "and nothing selected");
	is_int(keys_press(m, 'r', PAGE), TOP_NOTHING, "nor removed");
	is_row(m, 24, 80, -1, "no address is selected");
	model_free(&m);
}

static void
removes(void)
{
	struct model *m = watching();
	char address[ADDR_TEXT_MAX];

	type(m, "jr");
	is_row(m, 24, 80, -1, "remove 192.0.2.9? y/n");
	give(m, model_take_list, "192.0.2.1 1700000000 1700001799 new\n");
	is_int(keys_press(m, 'y', PAGE), TOP_REMOVE, "confirmed");
	addr_format(&m->condemned, address);
	is_str(address, "192.0.2.9", "the one that the question named");
	type(m, "r");
	is_int(keys_press(m, 'q', PAGE), TOP_NOTHING, "any other key is no");
	is_row(m, 24, 80, -1, "nothing was removed");
	is_int(keys_press(m, 'q', PAGE), TOP_QUIT, "q");
	model_free(&m);
}

/* ---- the layout ---- */

static void
fits_a_terminal(void)
{
	struct model *m = watching();

	is_row(m, 24, 80, 0, "22:13:20  4 authorized  pop-before-smtp pid 42");
	is_row(m, 24, 80, 1,
	       "logins 0.0/s (5)  refused 0.0/s (0)  lines 0.0/s (100)");
	is_row(m, 24, 80, 3,
	       "ADDRESS           USERS    *LOGIN   EXPIRES  WHO");
	is_row(m, 24, 80, 4,
	       "2001:db8:1:2::7       2  22:13:19     29:59  "
	       "emil,\\x1B[2J\\x0Afred");
	is_row(m, 24, 80, 6,
	       "192.0.2.7             3  22:13:10     29:50  "
	       "ann,bob,cy");
	is_row(m, 24, 80, 16, "NEWEST GRANTS AND REFUSALS");
	is_row(m, 24, 80, 17,
	       "22:13:19 refused 10.0.0.1 \\x1B]0;eve\\x07  "
	       "excluded 10.0.0.0/8  dovecot-login");
	is_row(m, 24, 80, 18,
	       "22:13:10 granted 192.0.2.7 ann  30:00  dovecot-login");
	is_row(m, 24, 80, 23, "q quit  s sort  / filter  r remove  Tab panes");
	is_row(m, 10, 40, 1, "logins 0.0/s (5)  refused 0.0/s (0)");
	is_row(m, 10, 40, 3, "ADDRESS           EXPIRES  WHO");
	is_row(m, 10, 40, 6, "192.0.2.7           29:50  ann,bob,cy");
	is_row(m, 10, 40, 9, "q quit  s sort  / filter  r remove");
	type(m, "\t\t");
	is_row(m, 10, 40, 3, "NEWEST GRANTS AND REFUSALS");
	is_row(m, 10, 40, 5, "22:13:10 granted 192.0.2.7 ann  30:00...");
	model_set_trouble(m, "/run/x.ctl: no process listens there");
	is_row(m, 10, 40, 0, "22:13:20  /run/x.ctl: no process list...");
	model_free(&m);
}

static void
shows_the_page_of_the_cursor(void)
{
	struct model *m = watching();

	type(m, "a");
	keys_press(m, TOP_KEY_END, PAGE);
	is_int(layout_page(m, 7), 2, "two addresses on seven rows");
	is_row(m, 7, 40, 4, "192.0.2.9           29:55  -");
	type(m, "kk");
	is_row(m, 7, 40, 4, "192.0.2.7           29:50  ann,bob,cy");
	model_free(&m);
}

static void
draws_in_any_size(void)
{
	struct model *m = watching();
	int drawn = 0;

	for (int mode = 0; mode < 3; mode++, type(m, mode == 1 ? "/ab" : "\nr"))
		for (int rows = 1; rows < 40; rows++)
			for (int columns = 1; columns < 100; columns++) {
				struct screen *s = screen_new(rows, columns);

				layout_draw(m, s);
				drawn += s->cursor_row < rows &&
					 s->cursor_column < columns;
				screen_free(&s);
			}
	is_int(drawn, 3 * 39 * 99, "every size");
	model_free(&m);
}

int
main(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	puts_text();
	puts_wide_text();
	takes_answers();
	keeps_events_bounded();
	counts_rates();
	knows_failing_maps();
	sorts();
	filters();
	selects();
	removes();
	fits_a_terminal();
	shows_the_page_of_the_cursor();
	draws_in_any_size();
	return tap_done();
}
