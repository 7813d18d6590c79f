#include "tools/top/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/listing.h"
#include "tools/top/rates.h"

struct model *
model_new(void)
{
	struct model *m = alloc_zero(1, sizeof(*m));

	m->rates = rates_new();
	m->failed_ms = -1;
	m->message_ms = -TOP_MESSAGE_MS;
	return m;
}

static void
free_rows(struct top_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(rows[i].users);
	free(rows);
}

static void
clear_event(struct top_event *e)
{
	free(e->why);
	free(e->rule);
	free(e->user);
}

void
model_free(struct model **model)
{
	struct model *m = *model;

	*model = NULL;
	if (m == NULL)
		return;
	free_rows(m->rows, m->nrows);
	free(m->shown);
	for (size_t i = 0; i < m->nevents; i++)
		clear_event(&m->events[i]);
	rates_free(&m->rates);
	free(m);
}

void
model_tick(struct model *m, time_t wall, int64_t steady_ms)
{
	m->wall = wall;
	m->steady_ms = steady_ms;
	if (m->next_expiry != 0 && m->next_expiry <= wall)
		model_arrange(m);
}

/* ---- answers ---- */

static void
forget(struct model *m)
{
	while (m->nevents > 0)
		clear_event(&m->events[--m->nevents]);
	memset(&m->counts, 0, sizeof(m->counts));
	m->listed = false;
}

int
model_take_status(struct model *m, char *answer)
{
	struct top_counts counts;

	if (counts_read(&counts, answer) != 0)
		return -1;
	if (counts_restarted(&m->counts, &counts))
		forget(m);
	if (counts.publish_failures > m->counts.publish_failures)
		m->failed_ms = m->steady_ms;
	m->counts = counts;
	m->counted = true;
	rates_add(m->rates, &counts, m->steady_ms);
	return 0;
}

static void
add_row(struct model *m, const struct listing *listing, size_t *room)
{
	struct top_row *row;
	char **users;

	if (m->nrows == *room) {
		*room = *room > 0 ? *room * 2 : 64;
		m->rows = alloc_resize(m->rows, *room, sizeof(*m->rows));
	}
	row = &m->rows[m->nrows++];
	row->addr = listing->addr;
	row->when = listing->when;
	row->expires = listing->expires;
	row->nusers = listing->users.count;
	users = alloc_zero(row->nusers + 1, sizeof(char *));
	for (size_t i = 0; i < row->nusers; i++)
		users[i] = listing->users.list[i];
	row->users = alloc_join((const char *const *)users, ",");
	free(users);
}

int
model_take_list(struct model *m, char *answer)
{
	char *at, *line;
	struct listing listing;
	size_t room = 0;
	int result = 0;

	free_rows(m->rows, m->nrows);
	m->rows = NULL;
	m->nrows = 0;
	for (line = strtok_r(answer, "\n", &at); line != NULL && result == 0;
	     line = strtok_r(NULL, "\n", &at)) {
		result = listing_read(&listing, line);
		if (result == 0)
			add_row(m, &listing, &room);
		listing_clear(&listing);
	}
	m->listed = true;
	m->listed_at = m->wall;
	m->listed_changes = counts_changes(&m->counts);
	model_arrange(m);
	return result;
}

static char *
decode(const char *word)
{
	return strcmp(word, "-") == 0 ? alloc_string("")
				      : listing_decode(word, strlen(word));
}

/* "7 1700000000 granted 192.0.2.7 1800 dovecot-login ann" */
static int
read_event(struct top_event *e, char *line)
{
	enum { NUMBER, WHEN, WHAT, ADDRESS, DETAIL, RULE, USER, WORDS };
	char *words[WORDS], *at, *word;
	size_t n = 0;

	for (word = strtok_r(line, " ", &at); word != NULL && n < WORDS;
	     word = strtok_r(NULL, " ", &at))
		words[n++] = word;
	if (n < WORDS)
		return -1;
	e->number = strtoull(words[NUMBER], NULL, 10);
	e->when = (time_t)strtoll(words[WHEN], NULL, 10);
	e->granted = strcmp(words[WHAT], "granted") == 0;
	snprintf(e->address, sizeof(e->address), "%s", words[ADDRESS]);
	e->seconds = e->granted ? strtoll(words[DETAIL], NULL, 10) : 0;
	e->why = e->granted ? NULL : decode(words[DETAIL]);
	e->rule = decode(words[RULE]);
	e->user = decode(words[USER]);
	return 0;
}

int
model_take_events(struct model *m, char *answer)
{
	struct top_event event;
	char *at, *line;

	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		if (read_event(&event, line) != 0)
			return -1;
		if (m->nevents == TOP_EVENTS_MAX) {
			clear_event(&m->events[0]);
			m->nevents--;
			memmove(m->events, m->events + 1,
				m->nevents * sizeof(m->events[0]));
		}
		m->events[m->nevents++] = event;
	}
	return 0;
}

uint64_t
model_newest_event(const struct model *m)
{
	return m->nevents > 0 ? m->events[m->nevents - 1].number : 0;
}

bool
model_wants_events(const struct model *m)
{
	return m->counted && m->counts.events != model_newest_event(m);
}

bool
model_wants_list(const struct model *m)
{
	return m->counted &&
	       (!m->listed || m->listed_changes != counts_changes(&m->counts));
}

bool
model_is_outdated(const struct model *m)
{
	return m->listed && model_wants_list(m) &&
	       m->wall - m->listed_at > TOP_OUTDATED;
}

/* ---- what to say ---- */

void
model_set_trouble(struct model *m, const char *why)
{
	snprintf(m->trouble, sizeof(m->trouble), "%s", why);
}

void
model_say(struct model *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->message, sizeof(m->message), fmt, ap);
	va_end(ap);
	m->message_ms = m->steady_ms;
}

bool
model_maps_fail(const struct model *m)
{
	return m->failed_ms >= 0 &&
	       m->steady_ms - m->failed_ms < TOP_FAILING_MS;
}

/* ---- what to show ---- */

bool
model_matches(const struct model *m, const char *address, const char *users)
{
	return m->filter[0] == '\0' || strcasestr(address, m->filter) != NULL ||
	       strcasestr(users, m->filter) != NULL;
}

static bool
is_shown(const struct model *m, const struct top_row *row)
{
	char address[ADDR_TEXT_MAX];

	if (row->expires <= m->wall)
		return false;
	if (m->filter[0] == '\0')
		return true;
	addr_format(&row->addr, address);
	return model_matches(m, address, row->users);
}

/* By family, then byte by byte. */
static int
by_address(const void *a, const void *b)
{
	const struct top_row *const *x = a, *const *y = b;

	return memcmp(&(*x)->addr, &(*y)->addr, sizeof(struct addr));
}

static int
by_login(const void *a, const void *b)
{
	const struct top_row *const *x = a, *const *y = b;

	if ((*x)->when != (*y)->when)
		return (*x)->when > (*y)->when ? -1 : 1;
	return by_address(a, b);
}

static int
by_users(const void *a, const void *b)
{
	const struct top_row *const *x = a, *const *y = b;

	if ((*x)->nusers != (*y)->nusers)
		return (*x)->nusers > (*y)->nusers ? -1 : 1;
	return by_login(a, b);
}

static int
by_expiry(const void *a, const void *b)
{
	const struct top_row *const *x = a, *const *y = b;

	if ((*x)->expires != (*y)->expires)
		return (*x)->expires < (*y)->expires ? -1 : 1;
	return by_address(a, b);
}

static void
find_cursor(struct model *m)
{
	for (size_t i = 0; m->anchor.family != 0 && i < m->nshown; i++)
		if (addr_equal(&m->shown[i]->addr, &m->anchor))
			m->cursor = i;
	if (m->cursor >= m->nshown)
		m->cursor = m->nshown > 0 ? m->nshown - 1 : 0;
}

void
model_arrange(struct model *m)
{
	static int (*const orders[])(const void *, const void *) = {
	    [TOP_BY_LOGIN] = by_login,
	    [TOP_BY_USERS] = by_users,
	    [TOP_BY_EXPIRY] = by_expiry,
	    [TOP_BY_ADDRESS] = by_address};

	m->shown =
	    alloc_resize(m->shown, m->nrows + 1, sizeof(struct top_row *));
	m->nshown = 0;
	m->next_expiry = 0;
	for (size_t i = 0; i < m->nrows; i++) {
		struct top_row *row = &m->rows[i];

		if (!is_shown(m, row))
			continue;
		m->shown[m->nshown++] = row;
		if (m->next_expiry == 0 || row->expires < m->next_expiry)
			m->next_expiry = row->expires;
	}
	qsort(m->shown, m->nshown, sizeof(struct top_row *), orders[m->order]);
	find_cursor(m);
}

void
model_move(struct model *m, long by)
{
	long to = (long)m->cursor + by;

	if (m->nshown == 0)
		return;
	if (to < 0)
		to = 0;
	if (to >= (long)m->nshown)
		to = (long)m->nshown - 1;
	m->cursor = (size_t)to;
	m->anchor = m->shown[to]->addr;
	/* At the top, the newest event is shown, whichever it is. */
	if (to == 0)
		m->anchor.family = 0;
}

const struct top_row *
model_selected(const struct model *m)
{
	return m->cursor < m->nshown ? m->shown[m->cursor] : NULL;
}
