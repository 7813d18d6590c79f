/*
 * address_list: the recipients that a gateway accepts, whatever file lists
 * them.
 *
 * The reader of a file writes each entry in the form of address.h and adds it.
 * If an entry is refused, the reader reports it by complaint() as "FILE:LINE:
 * why: text" (tools/gateway/complaints.h) and goes on. Whether an incomplete
 * list may be used is decided after the whole file has been read.
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

/* Only address_list.c changes it. */
struct address_list {
	struct string_set *keys;      /* "user@domain.tld", "@domain.tld" */
	struct string_set *plus;      /* "domain.tld user" */
	struct string_set *catchalls; /* "domain.tld" */
	struct string_set *domains;   /* of all entries */
	size_t duplicates;
};

struct address_list *address_list_new(void);
void address_list_free(struct address_list **);

/* Adds an entry in lower case, unless the list has it already. Returns NULL; or
 * a static text that says why this is not an entry. */
const char *address_list_add(struct address_list *, const char *text,
			     size_t len);

/* Sorts all sets but the keys, which not everyone needs sorted, when everything
 * has been added. */
void address_list_sort(struct address_list *);

#endif
