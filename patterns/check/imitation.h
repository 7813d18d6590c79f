/*
 * imitation: a refused login whose user name imitates the rest of a success,
 * in a line that a syslog daemon cuts where the imitation ends.
 *
 * "user=NAME LOGIN failed", with a long NAME that ends in "x LOGIN ok".
 */
#ifndef PATTERNS_CHECK_IMITATION_H
#define PATTERNS_CHECK_IMITATION_H

#include <stdbool.h>
#include <stddef.h>

struct captures;
struct rule;

struct imitation {
	const char *head; /* of the refused login, up to the user name */
	size_t head_len;
	const char *login; /* an accepted line ... */
	const struct captures *parts; /* ... and what is where in it */
	size_t filler; /* where the login is stretched; from its user on */
};

/*
 * Writes the line as it is after a cut of its datagram at a limit; spare: as
 * for line_cut_text(). A limit of 0: with nothing stretched, as a line that
 * was not cut. Returns its length; 0: it would be longer than the limit or the
 * room without being stretched, or the head is not of syslog.
 */
size_t imitation_write(const struct imitation *, size_t limit, size_t spare,
    char *out, size_t room);
/* Whether a user name is as long as the imitation in a line of this length. */
bool imitation_is_possible(const struct imitation *, const struct rule *,
    size_t len);

#endif
