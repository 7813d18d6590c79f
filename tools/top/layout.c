#include "tools/top/layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "tools/top/model.h"
#include "tools/top/rates.h"
#include "tools/top/screen.h"

enum {
	SUMMARY_ROWS = 3,
	ROOM_FOR_BOTH = 11, /* rows for the two panes, their heads included */
	GAP = 2
};

/* How the rows of a screen are divided; each pane begins with a head. */
struct division {
	int addresses, events; /* rows, without the head; -1: no such pane */
};

static struct division
divide(enum top_panes panes, int rows)
{
	int left = rows - SUMMARY_ROWS - 1;
	struct division d = {left - 1, -1};

	if (panes == TOP_EVENTS)
		return (struct division){-1, left > 0 ? left - 1 : -1};
	if (panes == TOP_BOTH && left >= ROOM_FOR_BOTH) {
		d.events = left / 3;
		d.addresses = left - d.events - 2;
	}
	if (d.addresses < 0)
		d.addresses = -1;
	return d;
}

int
layout_page(const struct model *m, int rows)
{
	int page = divide(m->panes, rows).addresses;

	return page > 0 ? page : 1;
}

/* ---- the summary ---- */

/* A line of parts with gaps between them. */
struct line {
	struct screen *screen;
	int row, column, gap;
};

/* Adds a part, unless there is no room for all of it. */
static void
add(struct line *line, enum style style, const char *text)
{
	int column = line->column > 0 ? line->column + line->gap : 0;
	int width = screen_width(text);

	if (column + width > line->screen->columns && column > 0)
		return;
	line->column =
	    screen_put(line->screen, line->row, column, width, style, text);
}

__attribute__((format(printf, 3, 4))) static void
addf(struct line *line, enum style style, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(line, style, text);
}

static void
format_clock(char out[16], time_t when)
{
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL ||
	    strftime(out, 16, "%H:%M:%S", &tm) == 0)
		strcpy(out, "-");
}

static void
draw_daemon(const struct model *m, struct screen *s)
{
	struct line line = {s, 0, 0, GAP};
	char now[16], listed[16];

	format_clock(now, m->wall);
	format_clock(listed, m->listed_at);
	add(&line, STYLE_TITLE, now);
	if (m->trouble[0] != '\0') {
		screen_put(s, 0, line.column + GAP, s->columns, STYLE_BAD,
			   m->trouble);
		return;
	}
	addf(&line, STYLE_TITLE, "%" PRIu64 " authorized", m->counts.addresses);
	if (m->filter[0] != '\0')
		addf(&line, STYLE_TITLE, "%zu shown", m->nshown);
	if (model_is_outdated(m))
		addf(&line, STYLE_BAD, "listed at %s", listed);
	addf(&line, STYLE_TITLE, "pop-before-smtp pid %" PRIu64, m->counts.pid);
}

static void
draw_rates(const struct model *m, struct screen *s)
{
	const struct top_counts *c = &m->counts;
	struct top_rates rates = rates_now(m->rates);
	struct line line = {s, 1, 0, GAP};

	addf(&line, STYLE_PLAIN, "logins %.1f/s (%" PRIu64 ")", rates.logins,
	     c->logins);
	addf(&line, STYLE_PLAIN, "refused %.1f/s (%" PRIu64 ")", rates.refused,
	     c->refused + c->stale);
	addf(&line, STYLE_PLAIN, "lines %.1f/s (%" PRIu64 ")", rates.lines,
	     c->lines);
	if (c->doubtful > 0)
		addf(&line, STYLE_PLAIN, "doubtful %" PRIu64, c->doubtful);
}

static void
draw_maps(const struct model *m, struct screen *s)
{
	const struct top_counts *c = &m->counts;
	struct line line = {s, 2, 0, GAP};

	if (model_maps_fail(m))
		add(&line, STYLE_BAD, "maps cannot be written");
	else
		add(&line, STYLE_GOOD, "maps ok");
	addf(&line, STYLE_PLAIN, "written %" PRIu64, c->publishes);
	if (c->publish_failures > 0)
		addf(&line, STYLE_PLAIN, "failed %" PRIu64,
		     c->publish_failures);
	if (c->map_replaced > 0)
		addf(&line, STYLE_BAD, "replaced by others %" PRIu64,
		     c->map_replaced);
	if (c->left_out > 0)
		addf(&line, STYLE_BAD, "left out %" PRIu64, c->left_out);
}

/* ---- the addresses ---- */

/* Columns of the table; width 0: it is left out. */
struct table {
	int address, users, login, expires, names;
};

static int
address_width(const struct model *m, size_t first, int rows)
{
	int width = 15; /* of IPv4 */

	for (int i = 0; i < rows && first + (size_t)i < m->nshown; i++) {
		char text[ADDR_TEXT_MAX];
		int len =
		    (int)addr_format(&m->shown[first + (size_t)i]->addr, text);

		if (len > width)
			width = len;
	}
	return width;
}

/* The narrower the screen, the fewer columns beside the address. */
static struct table
choose_table(int width, int address)
{
	struct table t = {address, 0, 0, 0, 0};
	int left = width - address;

	if (left >= GAP + 8) {
		t.expires = 8;
		left -= GAP + t.expires;
	}
	if (left >= GAP + 6 + GAP + 8) {
		t.users = 6;
		left -= GAP + t.users;
	}
	if (left >= GAP + 8 + GAP + 12) {
		t.login = 8;
		left -= GAP + t.login;
	}
	if (left >= GAP + 4)
		t.names = left - GAP;
	return t;
}

/* What is left of an authorization: "29:59", "23:59:59", "3d 04h". */
static void
format_left(char out[32], time_t seconds)
{
	long long s = seconds > 0 ? seconds : 0;

	if (s < 3600)
		snprintf(out, 32, "%lld:%02lld", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60,
			 s % 60);
	else
		snprintf(out, 32, "%lldd %02lldh", s / 86400, s / 3600 % 24);
}

/* A login on another day is shown with its date. */
static void
format_login(char out[16], time_t when, time_t now)
{
	struct tm tm;

	if (now - when < 86400)
		format_clock(out, when);
	else if (localtime_r(&when, &tm) == NULL ||
		 strftime(out, 16, "%b %d", &tm) == 0)
		strcpy(out, "-");
}

struct spot {
	struct screen *screen;
	int row, column;
};

/* A column of the table; numbers are put to the right. */
static void
put_column(struct spot *spot, int width, enum style style, bool right,
	   const char *text)
{
	int used = screen_width(text);

	if (width <= 0)
		return;
	screen_put(spot->screen, spot->row,
		   spot->column + (right && used < width ? width - used : 0),
		   width, style, text);
	spot->column += width + GAP;
}

static void
draw_head(const struct model *m, struct screen *s, int row,
	  const struct table *t)
{
	struct spot spot = {s, row, 0};

	put_column(&spot, t->address, STYLE_TITLE, false,
		   m->order == TOP_BY_ADDRESS ? "*ADDRESS" : "ADDRESS");
	put_column(&spot, t->users, STYLE_TITLE, true,
		   m->order == TOP_BY_USERS ? "*USERS" : "USERS");
	put_column(&spot, t->login, STYLE_TITLE, true,
		   m->order == TOP_BY_LOGIN ? "*LOGIN" : "LOGIN");
	put_column(&spot, t->expires, STYLE_TITLE, true,
		   m->order == TOP_BY_EXPIRY ? "*EXPIRES" : "EXPIRES");
	put_column(&spot, t->names, STYLE_TITLE, false, "WHO");
	screen_paint(s, row, STYLE_TITLE);
}

static void
draw_address(const struct model *m, struct screen *s, int row,
	     const struct table *t, const struct top_row *a)
{
	struct spot spot = {s, row, 0};
	char address[ADDR_TEXT_MAX], count[32], login[16], left[32];

	addr_format(&a->addr, address);
	snprintf(count, sizeof(count), "%zu", a->nusers);
	format_login(login, a->when, m->wall);
	format_left(left, a->expires - m->wall);
	put_column(&spot, t->address, STYLE_PLAIN, false, address);
	put_column(&spot, t->users, STYLE_PLAIN, true, count);
	put_column(&spot, t->login, STYLE_PLAIN, true, login);
	put_column(&spot, t->expires, STYLE_PLAIN, true, left);
	put_column(&spot, t->names, STYLE_PLAIN, false,
		   *a->users != '\0' ? a->users : "-");
	if (a == model_selected(m))
		screen_paint(s, row, STYLE_SELECTED);
}

/* Draws the page that the cursor is on. */
static void
draw_addresses(const struct model *m, struct screen *s, int row, int rows)
{
	size_t first = rows > 0 ? m->cursor - m->cursor % (size_t)rows : 0;
	struct table t =
	    choose_table(s->columns, address_width(m, first, rows));

	draw_head(m, s, row++, &t);
	for (int i = 0; i < rows && first + (size_t)i < m->nshown; i++)
		draw_address(m, s, row + i, &t, m->shown[first + (size_t)i]);
	if (m->listed && m->nshown == 0)
		screen_put(s, row, 0, rows > 0 ? s->columns : 0, STYLE_PLAIN,
			   m->nrows > 0 ? "no address matches the filter"
					: "no address is authorized");
}

/* ---- the newest grants and refusals ---- */

static void
draw_event(struct screen *s, int row, const struct top_event *e)
{
	struct line line = {s, row, 0, 1};
	char when[16], left[32], *rest;

	format_clock(when, e->when);
	format_left(left, (time_t)e->seconds);
	add(&line, STYLE_PLAIN, when);
	if (e->granted)
		add(&line, STYLE_GOOD, "granted");
	else
		add(&line, STYLE_BAD, "refused");
	add(&line, STYLE_PLAIN, e->address);
	rest = alloc_format("%s  %s  %s", *e->user != '\0' ? e->user : "-",
			    e->granted ? left : e->why,
			    *e->rule != '\0' ? e->rule : "by request");
	screen_put(s, row, line.column + 1, s->columns, STYLE_PLAIN, rest);
	free(rest);
}

static void
draw_events(const struct model *m, struct screen *s, int row, int rows)
{
	int end = row + 1 + rows;

	screen_put(s, row++, 0, s->columns, STYLE_TITLE,
		   "NEWEST GRANTS AND REFUSALS");
	screen_paint(s, row - 1, STYLE_TITLE);
	for (size_t i = m->nevents; i > 0 && row < end; i--) {
		const struct top_event *e = &m->events[i - 1];

		if (model_matches(m, e->address, e->user))
			draw_event(s, row++, e);
	}
}

/* ---- the last line ---- */

static void
set_cursor(struct screen *s, int row, int column)
{
	s->cursor_row = row;
	s->cursor_column = column < s->columns ? column : s->columns - 1;
}

static void
draw_question(const struct model *m, struct screen *s, int row)
{
	char address[ADDR_TEXT_MAX];
	struct line line = {s, row, 0, GAP};

	addr_format(&m->condemned, address);
	addf(&line, STYLE_BAD, "remove %s? y/n", address);
	set_cursor(s, row, line.column);
}

/* Of a long filter, shows the end, where the user types. */
static void
draw_filter(const struct model *m, struct screen *s, int row)
{
	const char *text = m->filter;
	int column = screen_put(s, row, 0, 1, STYLE_TITLE, "/");

	while (*text != '\0' && screen_width(text) > s->columns - column - 1)
		do
			text++;
		while ((*text & 0xc0) == 0x80);
	column = screen_put(s, row, column, s->columns, STYLE_PLAIN, text);
	set_cursor(s, row, column);
}

static void
draw_keys(const struct model *m, struct screen *s, int row)
{
	static const char *const keys[] = {"q quit", "s sort", "/ filter",
					   "r remove", "Tab panes"};
	struct line line = {s, row, 0, GAP};

	if (m->filter[0] != '\0')
		addf(&line, STYLE_TITLE, "/%s (Esc)", m->filter);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		add(&line, STYLE_PLAIN, keys[i]);
}

static void
draw_last(const struct model *m, struct screen *s)
{
	int row = s->rows - 1;

	if (m->mode == TOP_CONFIRMING)
		draw_question(m, s, row);
	else if (m->mode == TOP_FILTERING)
		draw_filter(m, s, row);
	else if (m->steady_ms - m->message_ms < TOP_MESSAGE_MS)
		screen_put(s, row, 0, s->columns, STYLE_TITLE, m->message);
	else
		draw_keys(m, s, row);
}

void
layout_draw(const struct model *m, struct screen *s)
{
	struct division d = divide(m->panes, s->rows);
	int row = SUMMARY_ROWS;

	draw_daemon(m, s);
	draw_rates(m, s);
	draw_maps(m, s);
	if (d.addresses >= 0) {
		draw_addresses(m, s, row, d.addresses);
		row += d.addresses + 1;
	}
	if (d.events >= 0)
		draw_events(m, s, row, d.events);
	/* If there are few rows, the last line covers what is above it. */
	for (int column = 0; column < s->columns; column++)
		screen_put(s, s->rows - 1, column, 1, STYLE_PLAIN, " ");
	draw_last(m, s);
}
