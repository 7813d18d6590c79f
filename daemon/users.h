/*
 * users: the user names of the table, each kept once, and small lists of them.
 *
 * A list is one number and belongs to an address; most addresses have one user,
 * whose name it then is, and his times are those of the address: this costs
 * nothing. Where there are more, or where somebody logged in without a name,
 * each has his own last login and his own end.
 * 100,000 people behind one gateway cost a list of USERS_LIST_MAX.
 */
#ifndef DAEMON_USERS_H
#define DAEMON_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/stay.h"

enum { USERS_NAME_MAX = 255, /* longer names are cut */
	USERS_LIST_MAX = 32 };

struct users;

struct users_user {
	const char *name; /* valid until the list changes */
	struct stay stay;
};

struct users *users_new(void);
void users_free(struct users **);

/*
 * A user logged in, for that stay (0 is the empty list). `all` is the stay of
 * the address, this login not yet counted; NULL: it begins with this login.
 * Those whose time is over at now go. A full list loses whose login is oldest.
 */
void users_add(struct users *, uint32_t *list, const char *name, size_t len,
    const struct stay *, const struct stay *all, int64_t now);
/* Who the address has had for himself keeps what it has: its stay is about to
 * change by a login that is not his. */
void users_part(struct users *, uint32_t *list, const struct stay *all);
/* Into the processor's cache: what users_add() will look at first. */
void users_prefetch(const struct users *, uint32_t list);
void users_clear(struct users *, uint32_t *list); /* empties the list */

/* Changes the stays that are not those of the address itself. */
typedef void users_change_fn(const void *arg, struct stay *);
void users_change(struct users *, uint32_t list, users_change_fn *,
    const void *arg);
/* A list with the same names and stays as one of another struct users. */
uint32_t users_copy(struct users *to, const struct users *from, uint32_t list);

/* All of the list, the latest login first, and how many: also those whose time
 * is over. all: the stay of the address. */
size_t users_get(const struct users *, uint32_t list, const struct stay *all,
    struct users_user[USERS_LIST_MAX]);

#endif
