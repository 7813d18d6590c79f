/*
 * senders: which users may use which envelope sender, from a text file in the
 * format of Postfix's smtpd_sender_login_maps.
 *
 *	ann@example.org		ann, office
 *	@example.net		bob carol
 *	info			dora
 *
 * This is what postmap(1) reads: a key, white space, users separated by commas
 * or white space. A line that begins with white space continues the one before;
 * '#' begins a comment line. As in Postfix, the first of these keys that is
 * found decides: the whole address; the address without its extension; if the
 * domain is one of ours, the local part with the extension, then without;
 * "@domain". (ASCII) case does not matter. "<>" is the null sender.
 *
 * The file is read again when it has changed. While it cannot be read or has an
 * error, what was read before remains in use; this is reported once.
 */
#ifndef MAPS_LIVE_SENDERS_H
#define MAPS_LIVE_SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct err;
struct senders;

enum { SENDERS_FILE_MAX = 16 * 1024 * 1024 };

/* NULL: err says "file:line: why". now: wall clock. */
struct senders *senders_open(const char *path, time_t now, struct err *);
void senders_free(struct senders **);

/* Checks with one stat(2) whether the file has changed. 1: it was read again;
 * 0: nothing new; -1, once per change: it is unusable, and what was read before
 * remains in use. */
int senders_refresh(struct senders *, time_t now, struct err *);
size_t senders_count(const struct senders *); /* keys */

/*
 * The users of the first key that is found, "ann, bob", borrowed until the next
 * refresh. NULL: no key is found. extension: the length of "+extension" before
 * the last '@', or 0. local: the domain is one of ours.
 */
const char *senders_find(const struct senders *, const char *sender,
    size_t len, size_t extension, bool local);
/* Whether a user is in such a list. */
bool senders_lists(const char *users, const char *user);

#endif
