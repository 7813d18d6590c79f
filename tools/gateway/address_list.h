/*
 * address_list: the recipients that a gateway shall accept, whoever lists them.
 *
 * A reader of a foreign file makes entries in the form of address.h and adds
 * them one by one. If one is not taken, the reader reports it by complaint() as
 * "FILE:LINE: why: text" (tools/gateway/complaints.h), and goes on: what
 *becomes of an incomplete list is decided when all has been read.
 *
 *	why = address_list_add(list, text, len);
 *	if (why != NULL)
 *		complaint(complaints, line, why, text, len);
 *
 * The mailboxes and catch-alls become the keys of a table (maps/string_map.h),
 * the users with plus addressing the rules of another (plus_table.h).
 */
#ifndef TOOLS_GATEWAY_ADDRESS_LIST_H
#define TOOLS_GATEWAY_ADDRESS_LIST_H

#include <stddef.h>

struct string_set;

/* Read-only for others than address_list.c. */
struct address_list {
	struct string_set *keys;      /* "user@domain.tld", "@domain.tld" */
	struct string_set *plus;      /* "domain.tld user" */
	struct string_set *catchalls; /* "domain.tld" */
	struct string_set *domains;   /* of all entries */
	size_t duplicates;
};

struct address_list *address_list_new(void);
void address_list_free(struct address_list **);

/* Folds the case; drops duplicates. NULL: it is in the list; or why it is not
 * an entry, a static text. */
const char *address_list_add(struct address_list *, const char *text,
			     size_t len);

/* Sorts all sets, when everything has been added. */
void address_list_sort(struct address_list *);

#endif
