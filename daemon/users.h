/*
 * users: the user names of the table, each kept once, and small lists of them.
 *
 * A list is one number; most addresses have one user, whose name it then is.
 * 100,000 people behind one gateway cost a list of AUTHTAB_USERS_MAX.
 */
#ifndef DAEMON_USERS_H
#define DAEMON_USERS_H

#include <stddef.h>
#include <stdint.h>

enum { USERS_NAME_MAX = 255, /* longer names are cut */
	USERS_LIST_MAX = 32 };

struct users;

struct users *users_new(void);
void users_free(struct users **);

/* Puts a name into the list unless it is there (0 is the empty list). A full
 * list loses the name that came first. */
void users_add(struct users *, uint32_t *list, const char *name, size_t len);
/* Into the processor's cache: what users_add() will look at first. */
void users_prefetch(const struct users *, uint32_t list);
void users_clear(struct users *, uint32_t *list); /* empties the list */

/* The names, the newest first, and how many; valid until users_add. */
size_t users_get(const struct users *, uint32_t list,
    const char *names[USERS_LIST_MAX]);

#endif
