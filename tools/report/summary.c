#include "tools/report/summary.h"

#include <stdlib.h>
#include <string.h>

#include "tools/report/names.h"

/* ---- groups ---- */

/* The logins of the period, without those before it. */
static size_t
first_of_period(const struct summary *s)
{
	const struct logins *l = &s->material.logins;
	size_t i = 0;

	while (i < l->count && (time_t)l->list[i].when < s->period.since)
		i++;
	return i;
}

/* The logins of the period, and a group for each. */
struct grouping {
	struct summary *summary;
	const struct logins *logins;
	const struct logged_in *list;
	size_t first, count;
	uint32_t *groups;
};

static void
tally(struct grouping *g, size_t ngroups, struct tally *out)
{
	tally_groups(g->logins, g->first, g->groups, ngroups, out);
}

static void
count_all(struct grouping *g)
{
	memset(g->groups, 0, g->count * sizeof(*g->groups));
	tally(g, 1, &g->summary->total);
}

/* ---- servers ---- */

static int
compare_servers(const void *a, const void *b)
{
	const struct server_tally *one = a, *other = b;

	if (one->tally.logins != other->tally.logins)
		return one->tally.logins < other->tally.logins ? 1 : -1;
	return strcmp(one->name, other->name);
}

static void
count_servers(struct grouping *g)
{
	struct summary *s = g->summary;
	const struct names *names = g->logins->servers;
	size_t count = names_count(names);
	struct tally *tallies = alloc_zero(count + 1, sizeof(*tallies));
	struct server_tally *server;

	for (size_t i = 0; i < g->count; i++)
		g->groups[i] = g->list[i].server;
	tally(g, count, tallies);
	s->servers = alloc_zero(count + 1, sizeof(*s->servers));
	for (uint32_t i = 0; i < count; i++) {
		if (tallies[i].logins == 0)
			continue;
		server = &s->servers[s->nservers++];
		server->name = names_text(names, i, &server->len);
		server->tally = tallies[i];
	}
	qsort(s->servers, s->nservers, sizeof(*s->servers), compare_servers);
	free(tallies);
}

size_t
summary_columns(const struct summary *s)
{
	return s->nservers <= SERVERS_APART ? s->nservers : SERVERS_APART + 1;
}

const char *
summary_column(const struct summary *s, size_t column, size_t *len)
{
	static const char others[] = "others";

	if (column < SERVERS_APART) {
		*len = s->servers[column].len;
		return s->servers[column].name;
	}
	*len = strlen(others);
	return others;
}

/* The column of each server. */
static uint32_t *
map_columns(const struct grouping *g)
{
	const struct summary *s = g->summary;
	size_t count = names_count(g->logins->servers), len;
	uint32_t *columns = alloc_zero(count + 1, sizeof(*columns));

	for (uint32_t i = 0; i < count; i++) {
		const char *name = names_text(g->logins->servers, i, &len);

		while (columns[i] < SERVERS_APART && columns[i] < s->nservers &&
		       s->servers[columns[i]].name != name)
			columns[i]++;
	}
	return columns;
}

/* ---- time ---- */

static void
count_parts(struct grouping *g, const time_t *bounds)
{
	struct summary *s = g->summary;
	struct tally *tallies = alloc_zero(s->nparts, sizeof(*tallies));
	uint32_t *columns = map_columns(g);
	uint32_t part = 0;

	for (size_t i = 0; i < g->count; i++) {
		while ((time_t)g->list[i].when >= bounds[part + 1])
			part++;
		g->groups[i] = part;
		s->parts[part].servers[columns[g->list[i].server]]++;
	}
	tally(g, s->nparts, tallies);
	for (size_t i = 0; i < s->nparts; i++) {
		s->parts[i].begin = bounds[i];
		s->parts[i].end = bounds[i + 1];
		s->parts[i].tally = tallies[i];
	}
	free(columns);
	free(tallies);
}

static void
count_hours(struct grouping *g)
{
	time_t next = 0;
	unsigned int hour = 0;

	for (size_t i = 0; i < g->count; i++) {
		time_t when = (time_t)g->list[i].when;

		if (when >= next)
			hour = period_hour(when, &next);
		g->groups[i] = hour;
	}
	tally(g, HOURS, g->summary->hours);
}

/* ---- addresses ---- */

static bool
precedes(const struct shared *one, const struct shared *other)
{
	if (one->tally.users != other->tally.users)
		return one->tally.users > other->tally.users;
	return one->tally.logins > other->tally.logins;
}

/* Inserts an address into the list, if it is one of the first. */
static void
insert(struct summary *s, const struct shared *new)
{
	size_t at = s->nshared;

	while (at > 0 && precedes(new, &s->shared[at - 1]))
		at--;
	if (at == SHARED_MAX)
		return;
	if (s->nshared < SHARED_MAX)
		s->nshared++;
	memmove(&s->shared[at + 1], &s->shared[at],
		(s->nshared - 1 - at) * sizeof(*new));
	s->shared[at] = *new;
}

static void
add_user(struct shared *shared, uint32_t number)
{
	size_t i = 0;

	while (i < shared->nusers && shared->users[i] != number)
		i++;
	if (i == shared->nusers && i < SHARED_USERS)
		shared->users[shared->nusers++] = number;
}

/* When each address of the list was used, and by whom. */
static void
add_details(struct grouping *g)
{
	struct summary *s = g->summary;
	/* Its place in the list, from 1. */
	uint8_t *places = alloc_zero(g->logins->naddresses + 1, 1);

	for (size_t i = 0; i < g->logins->naddresses; i++)
		for (size_t k = 0; k < s->nshared; k++)
			if (s->shared[k].addr == g->logins->addresses[i])
				places[i] = (uint8_t)(k + 1);
	for (size_t i = 0; i < g->count; i++) {
		const struct logged_in *login = &g->list[i];
		struct shared *shared;

		if (places[login->address] == 0)
			continue;
		shared = &s->shared[places[login->address] - 1];
		if (shared->first == 0)
			shared->first = (time_t)login->when;
		shared->last = (time_t)login->when;
		if (login->user != LOGIN_NO_USER)
			add_user(shared, login->user - 1);
	}
	free(places);
}

static void
find_shared(struct grouping *g)
{
	struct summary *s = g->summary;
	size_t count = g->logins->naddresses;
	struct tally *tallies = alloc_zero(count + 1, sizeof(*tallies));

	for (size_t i = 0; i < g->count; i++)
		g->groups[i] = g->list[i].address;
	tally(g, count, tallies);
	for (size_t i = 0; i < count; i++) {
		if (tallies[i].users < 2)
			continue;
		s->nshared_all++;
		insert(s, &(struct shared){.addr = g->logins->addresses[i],
					   .tally = tallies[i]});
	}
	add_details(g);
	free(tallies);
}

/* ---- graces ---- */

static void
add_grace(struct summary *s, uint32_t seconds)
{
	size_t at = s->ngraces;

	while (at > 0 && s->graces[at - 1].seconds > seconds)
		at--;
	if (at > 0 && s->graces[at - 1].seconds == seconds)
		return;
	memmove(&s->graces[at + 1], &s->graces[at],
		(s->ngraces - at) * sizeof(*s->graces));
	s->graces[at] = (struct grace){.seconds = seconds};
	s->ngraces++;
}

static void
replay_graces(struct summary *s, const time_t *bounds)
{
	uint32_t *peaks = alloc_zero(s->nparts, sizeof(*peaks));

	add_grace(s, 10 * 60);
	add_grace(s, 30 * 60);
	add_grace(s, 60 * 60);
	add_grace(s, s->material.grace);
	for (size_t g = 0; g < s->ngraces; g++) {
		memset(peaks, 0, s->nparts * sizeof(*peaks));
		graces_replay(&s->graces[g], &s->material.logins, &s->period,
			      bounds, s->nparts, peaks);
		for (size_t i = 0; i < s->nparts; i++)
			s->parts[i].peaks[g] = peaks[i];
	}
	free(peaks);
}

/* ---- all ---- */

void
summary_compute(struct summary *s)
{
	const struct logins *l = &s->material.logins;
	struct grouping g = {.summary = s, .logins = l};
	time_t *bounds;

	logins_sort(&s->material.logins);
	reasons_sort(&s->material.refused);
	reasons_sort(&s->material.doubtful);
	s->nparts = period_divide(&s->period, &bounds, &s->step);
	s->parts = alloc_zero(s->nparts, sizeof(*s->parts));
	g.first = first_of_period(s);
	g.count = l->count - g.first;
	g.list = l->list + g.first;
	g.groups = alloc_zero(g.count + 1, sizeof(*g.groups));
	count_all(&g);
	count_servers(&g);
	count_parts(&g, bounds);
	count_hours(&g);
	find_shared(&g);
	replay_graces(s, bounds);
	free(g.groups);
	free(bounds);
}

void
summary_clear(struct summary *s)
{
	struct material *m = &s->material;

	strings_clear(&m->logs);
	strings_clear(&m->problems);
	logins_close(&m->logins);
	reasons_clear(&m->refused);
	reasons_clear(&m->doubtful);
	free(s->servers);
	free(s->parts);
	*s = (struct summary){0};
}
