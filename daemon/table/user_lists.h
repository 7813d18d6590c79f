/*
 * user_lists: the user names of the table, each kept once, and small lists of them.
 *
 * A list is one number and belongs to an address; most addresses have one user,
 * whose name it then is, and his times are those of the address: this costs
 * nothing. Where there are more, or where somebody logged in without a name,
 * each has his own last login and his own end.
 * 100,000 people behind one gateway cost a list of USER_LISTS_LIST_MAX.
 */
#ifndef DAEMON_TABLE_USER_LISTS_H
#define DAEMON_TABLE_USER_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/table/lease.h"

enum { USER_LISTS_NAME_MAX = 255, /* longer names are cut */
	USER_LISTS_LIST_MAX = 32 };

struct user_lists;

struct user_lists_user {
	const char *name; /* valid until the list changes */
	struct lease stay;
};

struct user_lists *user_lists_new(void);
void user_lists_free(struct user_lists **);

/*
 * A user logged in, for that stay (0 is the empty list). `all` is the stay of
 * the address, this login not yet counted; NULL: it begins with this login.
 * Those whose time is over at now go. A full list loses whose login is oldest.
 */
void user_lists_add(struct user_lists *, uint32_t *list, const char *name, size_t len,
    const struct lease *, const struct lease *all, int64_t now);
/* Who the address has had for himself keeps what it has: its stay is about to
 * change by a login that is not his. */
void user_lists_part(struct user_lists *, uint32_t *list, const struct lease *all);
/* Into the processor's cache: what user_lists_add() will look at first. */
void user_lists_prefetch(const struct user_lists *, uint32_t list);
void user_lists_clear(struct user_lists *, uint32_t *list); /* empties the list */

/* Changes the stays that are not those of the address itself. */
typedef void users_change_fn(const void *arg, struct lease *);
void user_lists_change(struct user_lists *, uint32_t list, users_change_fn *,
    const void *arg);
/* A list with the same names and stays as one of another struct user_lists. */
uint32_t user_lists_copy(struct user_lists *to, const struct user_lists *from, uint32_t list);

/* All of the list, the latest login first, and how many: also those whose time
 * is over. all: the stay of the address. */
size_t user_lists_get(const struct user_lists *, uint32_t list, const struct lease *all,
    struct user_lists_user[USER_LISTS_LIST_MAX]);

#endif
