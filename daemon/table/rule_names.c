#include "daemon/table/rule_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct rule_names {
	char **list; /* by number; NULL: the number is free; 0 is not used */
	uint32_t count, room;
};

struct rule_names *
rule_names_new(void)
{
	struct rule_names *names = alloc_zero(1, sizeof(*names));

	names->count = 1;
	return names;
}

void
rule_names_free(struct rule_names **names)
{
	if (*names == NULL)
		return;
	for (uint32_t i = 1; i < (*names)->count; i++)
		free((*names)->list[i]);
	free((*names)->list);
	free(*names);
	*names = NULL;
}

/* Stores a new name under a number that is free, or that is the next. */
static uint16_t
add(struct rule_names *names, uint32_t number, const char *name)
{
	if (number > RULE_NAMES_MAX)
		return 0;
	if (number >= names->room) {
		names->room = names->room ? names->room * 2 : 16;
		names->list = alloc_resize(names->list, names->room,
					   sizeof(*names->list));
	}
	if (number == names->count)
		names->count++;
	names->list[number] = alloc_string(name);
	return (uint16_t)number;
}

uint16_t
rule_names_number(struct rule_names *names, const char *name)
{
	uint32_t unused = names->count;

	for (uint32_t i = 1; i < names->count; i++) {
		if (names->list[i] == NULL)
			unused = i;
		else if (strcmp(names->list[i], name) == 0)
			return (uint16_t)i;
	}
	return add(names, unused, name);
}

const char *
rule_names_text(const struct rule_names *names, uint16_t number)
{
	return number > 0 && number < names->count ? names->list[number] : NULL;
}

uint16_t
rule_names_greatest(const struct rule_names *names)
{
	return (uint16_t)(names->count - 1);
}

void
rule_names_forget(struct rule_names *names, uint16_t number)
{
	free(names->list[number]);
	names->list[number] = NULL;
}
