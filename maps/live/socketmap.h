/*
 * socketmap: the protocol of socketmap_table(5), without the socket.
 *
 * A request is a netstring "NAME KEY", its answer "OK VALUE", "NOTFOUND " or
 * "PERM REASON". There is only one table, so the name is ignored.
 */
#ifndef MAPS_LIVE_SOCKETMAP_H
#define MAPS_LIVE_SOCKETMAP_H

#include <stddef.h>
#include <sys/types.h>

struct map_settings;

enum {
	SOCKETMAP_REQUEST_MAX = 2048, /* bytes; an address needs some 60 */
	SOCKETMAP_VALUE_MAX = 1000,
	SOCKETMAP_ANSWER_MAX = 1024,
};

/*
 * Parses the first request in bytes[0..len), asks the host in the settings, and
 * writes the answer to out. Returns the length of the request. 0: it is not
 * complete yet. -1: it is malformed.
 *
 * Postfix asks for host names and whole addresses, never for shortened ones. So
 * any address may be answered, even one that as a key in a file would also
 * match others.
 */
ssize_t socketmap_answer(const struct map_settings *, const char *bytes,
    size_t len, char out[SOCKETMAP_ANSWER_MAX], size_t *out_len);

#endif
