/*
 * netstring: a string with its length before it, "5:hello,".
 *
 * As in https://cr.yp.to/proto/netstrings.txt: digits without a leading zero, a
 * colon, so many bytes, a comma; nothing else.
 */
#ifndef MAPS_LIVE_NETSTRING_H
#define MAPS_LIVE_NETSTRING_H

#include <stddef.h>
#include <sys/types.h>

enum { NETSTRING_FRAME_MAX = 22 }; /* what a length adds to a string at most */

/*
 * Takes the one that bytes[0..len) begins with: how many bytes it is, *string
 * and *string_len within. 0: it is not whole yet. -1: this cannot become one,
 * or it would be longer than max.
 */
ssize_t netstring_parse(const char *bytes, size_t len, size_t max,
    const char **string, size_t *string_len);

/* Writes one; out has room for len + NETSTRING_FRAME_MAX. Its length. */
size_t netstring_format(char *out, const char *string, size_t len);

#endif
