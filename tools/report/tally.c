#include "tools/report/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/report/logins.h"
#include "tools/report/names.h"

/* The indices of the logins, group by group (a counting sort). */
static uint32_t *
order_by_group(const uint32_t *groups, size_t count, size_t ngroups)
{
	uint32_t *order = alloc_zero(count + 1, sizeof(*order));
	uint32_t *next = alloc_zero(ngroups + 1, sizeof(*next));

	for (size_t i = 0; i < count; i++)
		next[groups[i] + 1]++;
	for (size_t g = 0; g < ngroups; g++)
		next[g + 1] += next[g];
	for (size_t i = 0; i < count; i++)
		order[next[groups[i]]++] = (uint32_t)i;
	free(next);
	return order;
}

/* Whether the group, whose number is not 0, has not had this before. */
static uint32_t
is_new(uint32_t *last, uint32_t group)
{
	uint32_t result = *last != group;

	*last = group;
	return result;
}

void
tally_groups(const struct logins *l, size_t first, const uint32_t *groups,
	     size_t ngroups, struct tally *out)
{
	size_t count = l->count - first;
	uint32_t *order = order_by_group(groups, count, ngroups);
	/* In which group each was seen last, from 1. */
	uint32_t *address = alloc_zero(l->naddresses + 1, sizeof(*address));
	uint32_t *user = alloc_zero(names_count(l->users) + 1, sizeof(*user));

	memset(out, 0, ngroups * sizeof(*out));
	for (size_t i = 0; i < count; i++) {
		uint32_t group = groups[order[i]];
		const struct logged_in *login = &l->list[first + order[i]];

		out[group].logins++;
		out[group].addresses +=
		    is_new(&address[login->address], group + 1);
		if (login->user != LOGIN_NO_USER)
			out[group].users +=
			    is_new(&user[login->user], group + 1);
	}
	free(user);
	free(address);
	free(order);
}
