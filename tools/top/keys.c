#include "tools/top/keys.h"

#include <stdbool.h>
#include <string.h>

#include "tools/top/model.h"

enum { CONTROL_L = 'l' & 31, CONTROL_U = 'u' & 31 };

/* ---- the filter ---- */

static void
set_filter(struct model *m, const char *filter)
{
	if (filter != m->filter)
		strcpy(m->filter, filter);
	model_arrange(m);
}

/* Encodes a character as UTF-8; returns its length. */
static size_t
encode(char out[4], unsigned int c)
{
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[len] | c);
	return len;
}

static void
append(struct model *m, int key)
{
	size_t len = strlen(m->filter), more;
	char bytes[4];

	if (key < ' ' || key >= TOP_KEY_UP)
		return;
	more = encode(bytes, (unsigned int)key);
	if (len + more >= sizeof(m->filter))
		return;
	memcpy(m->filter + len, bytes, more);
	m->filter[len + more] = '\0';
	set_filter(m, m->filter);
}

static void
erase(struct model *m)
{
	size_t len = strlen(m->filter);

	while (len > 0 && (m->filter[--len] & 0xc0) == 0x80)
		;
	m->filter[len] = '\0';
	set_filter(m, m->filter);
}

static enum top_action
filtering(struct model *m, int key)
{
	switch (key) {
	case TOP_KEY_ENTER:
		m->mode = TOP_BROWSING;
		break;
	case TOP_KEY_ESCAPE:
		set_filter(m, m->filter_before);
		m->mode = TOP_BROWSING;
		break;
	case TOP_KEY_BACKSPACE:
		erase(m);
		break;
	case CONTROL_U:
		set_filter(m, "");
		break;
	default:
		append(m, key);
	}
	return TOP_NOTHING;
}

/* ---- removing ---- */

static enum top_action
condemn(struct model *m)
{
	const struct top_row *row = model_selected(m);

	if (row == NULL || m->panes == TOP_EVENTS) {
		model_say(m, "no address is selected");
		return TOP_NOTHING;
	}
	m->condemned = row->addr;
	m->mode = TOP_CONFIRMING;
	return TOP_NOTHING;
}

static enum top_action
confirming(struct model *m, int key)
{
	m->mode = TOP_BROWSING;
	if (key == 'y' || key == 'Y')
		return TOP_REMOVE;
	model_say(m, "nothing was removed");
	return TOP_NOTHING;
}

/* ---- browsing ---- */

static enum top_action
sort(struct model *m, enum top_order order)
{
	m->order = order;
	m->cursor = 0;
	m->anchor.family = 0;
	model_arrange(m);
	return TOP_NOTHING;
}

static enum top_action
move(struct model *m, long by)
{
	model_move(m, by);
	return TOP_NOTHING;
}

static enum top_action
clear_filter(struct model *m)
{
	set_filter(m, "");
	return TOP_NOTHING;
}

static enum top_action
begin_filter(struct model *m)
{
	strcpy(m->filter_before, m->filter);
	m->mode = TOP_FILTERING;
	return TOP_NOTHING;
}

static enum top_action
next_panes(struct model *m)
{
	m->panes = (m->panes + 1) % (TOP_EVENTS + 1);
	return TOP_NOTHING;
}

static enum top_action
browsing(struct model *m, int key, int page)
{
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case 's':
		return sort(m, (m->order + 1) % (TOP_BY_ADDRESS + 1));
	case 'l':
		return sort(m, TOP_BY_LOGIN);
	case 'u':
		return sort(m, TOP_BY_USERS);
	case 'e':
		return sort(m, TOP_BY_EXPIRY);
	case 'a':
		return sort(m, TOP_BY_ADDRESS);
	case '/':
	case 'f':
		return begin_filter(m);
	case TOP_KEY_ESCAPE:
		return clear_filter(m);
	case 'r':
	case TOP_KEY_DELETE:
		return condemn(m);
	case '\t':
		return next_panes(m);
	case CONTROL_L:
		return TOP_REPAINT;
	case TOP_KEY_UP:
	case 'k':
		return move(m, -1);
	case TOP_KEY_DOWN:
	case 'j':
		return move(m, 1);
	case TOP_KEY_PAGE_UP:
		return move(m, -page);
	case TOP_KEY_PAGE_DOWN:
	case ' ':
		return move(m, page);
	case TOP_KEY_HOME:
		return move(m, -(long)m->nshown);
	case TOP_KEY_END:
		return move(m, (long)m->nshown);
	default:
		return TOP_NOTHING;
	}
}

enum top_action
keys_press(struct model *m, int key, int page)
{
	switch (m->mode) {
	case TOP_FILTERING:
		return filtering(m, key);
	case TOP_CONFIRMING:
		return confirming(m, key);
	default:
		return browsing(m, key, page);
	}
}
