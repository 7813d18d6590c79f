#include "tools/report/logins.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashmap.h"
#include "tools/report/names.h"

struct numbered {
	struct addr addr;
	uint32_t number; /* from 1; 0: it is new */
};

void
logins_open(struct logins *l)
{
	*l = (struct logins){
	    .map = hashmap_new(sizeof(struct numbered), sizeof(struct addr)),
	    .users = names_new(),
	    .servers = names_new()};
}

void
logins_close(struct logins *l)
{
	hashmap_free(&l->map);
	names_free(&l->users);
	names_free(&l->servers);
	free(l->addresses);
	free(l->list);
	*l = (struct logins){0};
}

static uint32_t
address_number(struct logins *l, const struct addr *addr)
{
	struct numbered *entry = hashmap_put(l->map, addr);

	if (entry->number > 0)
		return entry->number - 1;
	if (l->naddresses == l->address_room) {
		l->address_room = 2 * l->address_room + 64;
		l->addresses = alloc_resize(l->addresses, l->address_room,
					    sizeof(*l->addresses));
	}
	l->addresses[l->naddresses++] = &entry->addr;
	entry->number = (uint32_t)l->naddresses;
	return entry->number - 1;
}

void
logins_add(struct logins *l, time_t when, const struct addr *addr,
	   const struct login_text *text)
{
	struct logged_in *login;

	if (l->count == l->room) {
		l->room = 2 * l->room + 1024;
		l->list = alloc_resize(l->list, l->room, sizeof(*l->list));
	}
	login = &l->list[l->count++];
	login->when = (uint32_t)when;
	login->address = address_number(l, addr);
	login->user = LOGIN_NO_USER;
	if (text->user != NULL)
		login->user =
		    names_number(l->users, text->user, text->user_len) + 1;
	login->server =
	    names_number(l->servers, text->server, strlen(text->server));
}

static int
compare(const void *a, const void *b)
{
	const struct logged_in *one = a, *other = b;

	if (one->when != other->when)
		return one->when < other->when ? -1 : 1;
	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	return 0;
}

void
logins_sort(struct logins *l)
{
	for (size_t i = 1; i < l->count; i++)
		if (l->list[i].when < l->list[i - 1].when) {
			qsort(l->list, l->count, sizeof(*l->list), compare);
			return;
		}
}
