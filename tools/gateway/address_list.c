#include "tools/gateway/address_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/gateway/address.h"
#include "tools/gateway/string_set.h"

struct address_list *
address_list_new(void)
{
	struct address_list *list = alloc_zero(1, sizeof(*list));

	list->keys = string_set_new();
	list->plus = string_set_new();
	list->catchalls = string_set_new();
	list->domains = string_set_new();
	return list;
}

void
address_list_free(struct address_list **listp)
{
	struct address_list *list = *listp;

	if (list == NULL)
		return;
	string_set_free(&list->keys);
	string_set_free(&list->plus);
	string_set_free(&list->catchalls);
	string_set_free(&list->domains);
	free(list);
	*listp = NULL;
}

/* By domain first, so that the rules of a domain are together. A blank sorts
 * before all characters of a domain. */
static bool
add_plus(struct string_set *plus, const struct address *address)
{
	const char *domain = address_domain(address);
	size_t domain_len = address->len - address->local_len - 1;
	char text[ADDRESS_MAX + 1];

	memcpy(text, domain, domain_len);
	text[domain_len] = ' ';
	memcpy(text + domain_len + 1, address->text, address->local_len);
	return string_set_add(plus, text, address->len);
}

const char *
address_list_add(struct address_list *list, const char *text, size_t len)
{
	struct address address;
	const char *why = address_parse(&address, text, len);
	const char *domain;
	bool added;

	if (why != NULL)
		return why;
	domain = address_domain(&address);
	if (address.kind == ADDRESS_PLUS)
		added = add_plus(list->plus, &address);
	else
		added = string_set_add(list->keys, address.text, address.len);
	list->duplicates += !added;
	if (address.kind == ADDRESS_CATCHALL)
		string_set_add(list->catchalls, domain, strlen(domain));
	string_set_add(list->domains, domain, strlen(domain));
	return NULL;
}

void
address_list_sort(struct address_list *list)
{
	string_set_sort(list->plus);
	string_set_sort(list->catchalls);
	string_set_sort(list->domains);
}
