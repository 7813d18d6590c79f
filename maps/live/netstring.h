/*
 * netstring: a string preceded by its length, "5:hello,".
 *
 * The format is that of https://cr.yp.to/proto/netstrings.txt: the length in
 * digits without a leading zero, a colon, the string, a comma.
 */
#ifndef MAPS_LIVE_NETSTRING_H
#define MAPS_LIVE_NETSTRING_H

#include <stddef.h>
#include <sys/types.h>

enum { NETSTRING_FRAME_MAX = 22 }; /* bytes added to a string, at most */

/*
 * Parses the netstring at the beginning of bytes[0..len). Returns its whole
 * length, and the string within bytes in *string and *string_len. 0: the
 * netstring is not complete yet. -1: it is malformed, or its string is longer
 * than max.
 */
ssize_t netstring_parse(const char *bytes, size_t len, size_t max,
    const char **string, size_t *string_len);

/* Writes a netstring to out, which has room for len + NETSTRING_FRAME_MAX
 * bytes, and returns its length. */
size_t netstring_format(char *out, const char *string, size_t len);

#endif
