/*
 * senders: which users may use which envelope sender, from a text file in the
 * format of Postfix's smtpd_sender_login_maps.
 *
 *	ann@example.org		ann, office
 *	@example.net		bob carol
 *	info			dora
 *
 * That is what postmap(1) reads: a key, white space, users separated by commas
 * or white space; lines that begin with white space go on; '#' begins a
 * comment line. The first key that is there decides, as in Postfix: the whole
 * address, the address without its extension; its local part, if the domain is
 * one of ours, with the extension and without; "@domain". (ASCII) case does not
 * matter. "<>" is the null sender.
 *
 * The file is read again when it has changed. While it cannot be read or has an
 * error, what was read before remains valid; this is reported once.
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

/* Looks whether the file has changed: one stat(2). 1 = read again; 0 = as
 * before; -1: it has become unusable, the old one stays (once per change). */
int senders_refresh(struct senders *, time_t now, struct err *);
size_t senders_count(const struct senders *); /* keys */

/*
 * The users of the first key that is there, "ann, bob", borrowed until the
 * next refresh; NULL: no key is. extension: so many bytes before the last '@'
 * are "+extension"; 0 = it has none. local: the domain is one of ours.
 */
const char *senders_find(const struct senders *, const char *sender,
    size_t len, size_t extension, bool local);
/* Whether a user is one of those. */
bool senders_lists(const char *users, const char *user);

#endif
