/*
 * user_lists: the user names of the table, each stored once, and the list of
 * users of each address.
 *
 * A list is a number that the address keeps. Most addresses have one user, with
 * the same lease as the address: then the list is the number of the name and
 * takes no memory of its own. If no login named a user, the list is 0.
 * Otherwise a list stores a lease for each user, and one more for the rest if
 * there is one: all logins that named no user, and those of users who no longer
 * fit. It keeps the USER_LISTS_LIST_MAX users who logged in last. Of the others
 * it forgets the names, but their logins still count, as part of the rest.
 *
 * So the lease of an address covers all logins that have not expired.
 */
#ifndef DAEMON_TABLE_USER_LISTS_H
#define DAEMON_TABLE_USER_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/table/lease.h"

enum {
	USER_LISTS_NAME_MAX = 255, /* bytes; longer names are cut */
	USER_LISTS_LIST_MAX = 32,
};

struct user_lists;

struct user_lists_user {
	const char *name; /* valid until the list changes */
	struct lease lease;
};

struct user_lists *user_lists_new(void);
void user_lists_free(struct user_lists **);

/*
 * Adds a login to a list, which is 0 at first. len 0: it names no user. `all`
 * is the lease of the address before this login, NULL if this is its first.
 * Users whose lease has expired at now are removed. If the list is full, the
 * user with the oldest login joins the rest.
 */
void user_lists_add(struct user_lists *, uint32_t *list, const char *name,
		    size_t len, const struct lease *, const struct lease *all,
		    int64_t now);
/* Prefetches into the processor's cache what user_lists_add() reads first. */
void user_lists_prefetch(const struct user_lists *, uint32_t list);
void user_lists_clear(struct user_lists *,
		      uint32_t *list); /* empties the list */

/* Calls the function for each lease that the list stores; not for a user who
 * has that of the address. */
typedef void user_lists_change_fn(const void *arg, struct lease *);
void user_lists_change(struct user_lists *, uint32_t list,
		       user_lists_change_fn *, const void *arg);
/* Joins each lease that the list stores to *all, as lease_join() does. */
void user_lists_join(const struct user_lists *, uint32_t list,
		     struct lease *all);
/*
 * Removes the users, and the rest, whose rule is refused: refused[rule]. `all`,
 * the lease of the address, becomes the lease of what remains. *rule: one of
 * the refused rules, 0 if nothing was removed. False: nothing remains, and the
 * list is empty.
 */
bool user_lists_withdraw(struct user_lists *, uint32_t *list,
			 const bool *refused, struct lease *all,
			 uint16_t *rule);
/* Copies a list of another struct user_lists, and the names in it. */
uint32_t user_lists_copy(struct user_lists *to, const struct user_lists *from,
			 uint32_t list);

/* Copies the users of the list to out, the latest login first, also those whose
 * lease has expired. all: the lease of the address. Returns their number. */
size_t user_lists_get(const struct user_lists *, uint32_t list,
		      const struct lease *all,
		      struct user_lists_user out[USER_LISTS_LIST_MAX]);
/* Copies the lease that the list stores for the rest. False: it stores none.
 * (If the list is 0, the rest is all there is, with the lease of the address.)
 */
bool user_lists_rest(const struct user_lists *, uint32_t list,
		     struct lease *out);

#endif
