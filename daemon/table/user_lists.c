#include "daemon/table/user_lists.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/*
 * All names are in one block, each known by its offset there in units of 8
 * bytes. The space of a name that is no longer used goes to a list of free
 * space by size, for the next name of that size. The block never shrinks: to
 * get memory back, copy the lists to a new struct user_lists.
 */
enum { UNIT = 8, SIZES = 1 + (9 + USER_LISTS_NAME_MAX + 1 + UNIT - 1) / UNIT };

struct name {
	uint32_t references;
	uint32_t chain; /* next name of this hash, or next free space */
	uint8_t len;
	char text[]; /* NUL-terminated */
};

/* A list that stores leases is a chain of cells, the latest login first; its
 * number is that of the first cell, marked with CELLS. The cell of the rest, if
 * there is one, comes last. */
struct cell {
	struct lease lease;
	uint32_t name;
	uint32_t next;
};
static const uint32_t CELLS = 0x80000000, REST = 0;

struct user_lists {
	uint64_t seed;
	char *block;
	uint32_t used, room;	    /* in units; unit 0 is not used */
	uint32_t free_names[SIZES]; /* by size in units */
	uint32_t *heads;	    /* of the chains by hash */
	uint32_t nheads, nnames;
	struct cell *cells; /* cell 0 is not used */
	uint32_t ncells, cells_room, free_cell;
};

enum { HEADS_MIN = 64 };

struct user_lists *
user_lists_new(void)
{
	struct user_lists *users = alloc_zero(1, sizeof(*users));

	users->seed = hash_seed();
	users->used = 1;
	users->ncells = 1;
	users->nheads = HEADS_MIN;
	users->heads = alloc_zero(HEADS_MIN, sizeof(*users->heads));
	return users;
}

void
user_lists_free(struct user_lists **users)
{
	if (*users == NULL)
		return;
	free((*users)->block);
	free((*users)->heads);
	free((*users)->cells);
	free(*users);
	*users = NULL;
}

/* ---- names ---- */

static struct name *
name_at(const struct user_lists *users, uint32_t id)
{
	return (void *)(users->block + (size_t)id * UNIT);
}

static bool
name_is(const struct user_lists *users, uint32_t id, const char *text,
	size_t len)
{
	const struct name *name = name_at(users, id);

	return name->len == len && memcmp(name->text, text, len) == 0;
}

static uint32_t *
head_of(const struct user_lists *users, const char *text, size_t len)
{
	uint64_t hash = hash_bytes(users->seed, text, len);

	return &users->heads[hash & (users->nheads - 1)];
}

static uint32_t
name_find(const struct user_lists *users, const char *text, size_t len)
{
	uint32_t id = *head_of(users, text, len);

	while (id != 0 && !name_is(users, id, text, len))
		id = name_at(users, id)->chain;
	return id;
}

static void
double_heads(struct user_lists *users)
{
	uint32_t *old = users->heads, nold = users->nheads, id, next, *head;
	struct name *name;

	users->nheads *= 2;
	users->heads = alloc_zero(users->nheads, sizeof(*users->heads));
	for (uint32_t i = 0; i < nold; i++) {
		for (id = old[i]; id != 0; id = next) {
			name = name_at(users, id);
			next = name->chain;
			head = head_of(users, name->text, name->len);
			name->chain = *head;
			*head = id;
		}
	}
	free(old);
}

static uint32_t
units_for(size_t len)
{
	return (uint32_t)((offsetof(struct name, text) + len + 1 + UNIT - 1) /
			  UNIT);
}

/* Space for a name of this length. */
static uint32_t
name_space(struct user_lists *users, size_t len)
{
	uint32_t units = units_for(len), id = users->free_names[units];

	if (id != 0) {
		users->free_names[units] = name_at(users, id)->chain;
		return id;
	}
	if (users->used + units > users->room) {
		users->room = users->room ? users->room * 2 : 128;
		assert(users->room < CELLS);
		users->block = alloc_resize(users->block, users->room, UNIT);
	}
	id = users->used;
	users->used += units;
	return id;
}

static uint32_t
name_take(struct user_lists *users, const char *text, size_t len)
{
	uint32_t id = name_find(users, text, len), *head;
	struct name *name;

	if (id != 0) {
		name_at(users, id)->references++;
		return id;
	}
	if (++users->nnames > users->nheads)
		double_heads(users);
	id = name_space(users, len);
	head = head_of(users, text, len);
	name = name_at(users, id);
	name->references = 1;
	name->chain = *head;
	name->len = (uint8_t)len;
	memcpy(name->text, text, len);
	name->text[len] = '\0';
	*head = id;
	return id;
}

static void
name_drop(struct user_lists *users, uint32_t id)
{
	struct name *name = name_at(users, id);
	uint32_t *link, units = units_for(name->len);

	if (--name->references > 0)
		return;
	link = head_of(users, name->text, name->len);
	while (*link != id)
		link = &name_at(users, *link)->chain;
	*link = name->chain;
	name->chain = users->free_names[units];
	users->free_names[units] = id;
	users->nnames--;
}

/* ---- cells ---- */

static uint32_t
cell_new(struct user_lists *users, uint32_t name, const struct lease *lease)
{
	uint32_t at = users->free_cell;

	if (at != 0) {
		users->free_cell = users->cells[at].next;
	} else {
		at = users->ncells++;
		if (at >= users->cells_room) {
			users->cells_room =
			    users->cells_room ? users->cells_room * 2 : 64;
			assert(users->cells_room <= CELLS);
			users->cells =
			    alloc_resize(users->cells, users->cells_room,
					 sizeof(*users->cells));
		}
	}
	users->cells[at] = (struct cell){.name = name, .lease = *lease};
	return at;
}

static void
cell_drop(struct user_lists *users, uint32_t at)
{
	if (users->cells[at].name != REST)
		name_drop(users, users->cells[at].name);
	users->cells[at].next = users->free_cell;
	users->free_cell = at;
}

/* Takes the cell of a name out of the chain that begins at *first, and drops
 * those that have expired. 0 if the name has no cell. */
static uint32_t
take_cell(struct user_lists *users, uint32_t *first, uint32_t name, int64_t now)
{
	uint32_t *link = first, at, taken = 0;

	while ((at = *link) != 0) {
		struct cell *cell = &users->cells[at];

		if (cell->name != name && cell->lease.expires > now) {
			link = &cell->next;
			continue;
		}
		*link = cell->next;
		if (cell->name == name)
			taken = at;
		else
			cell_drop(users, at);
	}
	return taken;
}

static bool
is_rest(const struct user_lists *users, uint32_t at)
{
	return users->cells[at].name == REST;
}

/* Moves the last user of a chain, whose cell *link is, to the rest. */
static void
join_rest(struct user_lists *users, uint32_t *link)
{
	struct cell *cell = &users->cells[*link];
	uint32_t rest = cell->next;

	if (rest != 0) {
		lease_join(&users->cells[rest].lease, &cell->lease);
		cell_drop(users, *link);
		*link = rest;
	} else {
		name_drop(users, cell->name);
		cell->name = REST;
	}
}

/* Inserts a cell by the time of its login, that of the rest at the end. If
 * there are too many users then, the last one joins the rest. */
static void
put_cell(struct user_lists *users, uint32_t *first, uint32_t at)
{
	struct cell *cells = users->cells;
	uint32_t *link = first, n = 0;

	while (*link != 0 && !is_rest(users, *link) &&
	       (is_rest(users, at) ||
		cells[*link].lease.when > cells[at].lease.when)) {
		link = &cells[*link].next;
		n++;
	}
	cells[at].next = *link;
	*link = at;
	for (; *link != 0 && !is_rest(users, *link); link = &cells[*link].next)
		if (n++ == USER_LISTS_LIST_MAX) {
			join_rest(users, link);
			return;
		}
}

/* ---- lists ---- */

/* Gives the only user of an address, or the rest if no login named a user, a
 * cell with the lease of the address, which somebody else's login is about to
 * change. */
static void
split(struct user_lists *users, uint32_t *list, const struct lease *all)
{
	if (!(*list & CELLS))
		*list = cell_new(users, *list, all) | CELLS;
}

/* Adds a login to a list of cells. */
static void
add_cell(struct user_lists *users, uint32_t *list, uint32_t name,
	 const struct lease *lease, int64_t now)
{
	uint32_t first = *list & ~CELLS;
	uint32_t at = take_cell(users, &first, name, now);

	if (at != 0) {
		lease_join(&users->cells[at].lease, lease);
		if (name != REST)
			name_drop(users, name); /* the cell keeps its own */
	} else {
		at = cell_new(users, name, lease);
	}
	put_cell(users, &first, at);
	*list = first | CELLS;
}

/* Whether the list has no cells, and is this user alone or, with len 0, the
 * rest. */
static bool
has_only(const struct user_lists *users, uint32_t list, const char *name,
	 size_t len)
{
	if (list & CELLS)
		return false;
	if (list == REST || len == 0)
		return list == REST && len == 0;
	return name_is(users, list, name, len);
}

void
user_lists_add(struct user_lists *users, uint32_t *list, const char *name,
	       size_t len, const struct lease *lease, const struct lease *all,
	       int64_t now)
{
	uint32_t id = REST;

	if (len > USER_LISTS_NAME_MAX)
		len = USER_LISTS_NAME_MAX;
	if (len > 0)
		len = strnlen(name, len);
	if (all != NULL && has_only(users, *list, name, len))
		return;
	if (len > 0)
		id = name_take(users, name, len);
	if (all == NULL) {
		*list = id;
		return;
	}
	split(users, list, all);
	add_cell(users, list, id, lease, now);
}

void
user_lists_prefetch(const struct user_lists *users, uint32_t list)
{
	if (list & CELLS)
		__builtin_prefetch(&users->cells[list & ~CELLS]);
	else
		__builtin_prefetch(name_at(users, list));
}

void
user_lists_clear(struct user_lists *users, uint32_t *list)
{
	uint32_t at, next;

	if (*list & CELLS) {
		for (at = *list & ~CELLS; at != 0; at = next) {
			next = users->cells[at].next;
			cell_drop(users, at);
		}
	} else if (*list != 0) {
		name_drop(users, *list);
	}
	*list = 0;
}

void
user_lists_change(struct user_lists *users, uint32_t list,
		  user_lists_change_fn *change, const void *arg)
{
	uint32_t at = list & CELLS ? list & ~CELLS : 0;

	for (; at != 0; at = users->cells[at].next)
		change(arg, &users->cells[at].lease);
}

void
user_lists_join(const struct user_lists *users, uint32_t list,
		struct lease *all)
{
	uint32_t at = list & CELLS ? list & ~CELLS : 0;

	for (; at != 0; at = users->cells[at].next)
		lease_join(all, &users->cells[at].lease);
}

/* Removes the cells whose rule is refused. Returns the rule of one of them; 0:
 * there is no such cell. */
static uint16_t
remove_refused(struct user_lists *users, uint32_t *first, const bool *refused)
{
	uint32_t *link = first, at;
	uint16_t rule = 0;

	while ((at = *link) != 0) {
		if (!refused[users->cells[at].lease.rule]) {
			link = &users->cells[at].next;
			continue;
		}
		rule = users->cells[at].lease.rule;
		*link = users->cells[at].next;
		cell_drop(users, at);
	}
	return rule;
}

/* The list for a chain that is not empty. If the chain has only one cell, the
 * list needs no cell: its lease is that of the address. */
static uint32_t
list_of(struct user_lists *users, uint32_t first)
{
	uint32_t name;

	if (users->cells[first].next != 0)
		return first | CELLS;
	name = users->cells[first].name;
	users->cells[first].name = REST; /* its reference is now the list's */
	cell_drop(users, first);
	return name;
}

/* The rule of the address may be that of a user who expired and was removed. */
bool
user_lists_withdraw(struct user_lists *users, uint32_t *list,
		    const bool *refused, struct lease *all, uint16_t *rule)
{
	uint32_t first = *list & ~CELLS;
	uint16_t removed;

	*rule = refused[all->rule] ? all->rule : 0;
	if (!(*list & CELLS)) {
		if (*rule != 0)
			user_lists_clear(users, list);
		return *rule == 0;
	}
	removed = remove_refused(users, &first, refused);
	if (*rule == 0)
		*rule = removed;
	*list = first == 0 ? 0 : first | CELLS;
	if (*rule == 0 || first == 0)
		return first != 0;
	*all = users->cells[first].lease;
	user_lists_join(users, *list, all);
	*list = list_of(users, first);
	return true;
}

static uint32_t
copy_name(struct user_lists *to, const struct user_lists *from, uint32_t id)
{
	const struct name *name;

	if (id == REST)
		return REST;
	name = name_at(from, id);
	return name_take(to, name->text, name->len);
}

uint32_t
user_lists_copy(struct user_lists *to, const struct user_lists *from,
		uint32_t list)
{
	uint32_t first = 0, last = 0, at, id, copy;

	if (!(list & CELLS))
		return copy_name(to, from, list);
	for (at = list & ~CELLS; at != 0; at = from->cells[at].next) {
		id = copy_name(to, from, from->cells[at].name);
		copy = cell_new(to, id, &from->cells[at].lease);
		*(last != 0 ? &to->cells[last].next : &first) = copy;
		last = copy;
	}
	return first | CELLS;
}

size_t
user_lists_get(const struct user_lists *users, uint32_t list,
	       const struct lease *all,
	       struct user_lists_user out[USER_LISTS_LIST_MAX])
{
	const struct cell *cell;
	size_t count = 0;
	uint32_t at;

	if (list == 0)
		return 0;
	if (!(list & CELLS)) {
		out[0] =
		    (struct user_lists_user){name_at(users, list)->text, *all};
		return 1;
	}
	for (at = list & ~CELLS; at != 0; at = cell->next) {
		cell = &users->cells[at];
		if (cell->name == REST)
			break;
		out[count++] = (struct user_lists_user){
		    name_at(users, cell->name)->text, cell->lease};
	}
	return count;
}

bool
user_lists_rest(const struct user_lists *users, uint32_t list,
		struct lease *out)
{
	uint32_t at = list & CELLS ? list & ~CELLS : 0;

	while (at != 0 && !is_rest(users, at))
		at = users->cells[at].next;
	if (at != 0)
		*out = users->cells[at].lease;
	return at != 0;
}
