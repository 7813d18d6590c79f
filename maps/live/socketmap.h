/*
 * socketmap: the protocol of socketmap_table(5), without the socket.
 *
 * A request is a netstring "NAME KEY", its answer one of "OK VALUE", "NOTFOUND "
 * or "PERM REASON". Whatever the name, there is one table.
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
 * Takes the first request of bytes[0..len), asks the host in the settings, and
 * writes the answer to out. How many bytes the request was; 0: it is not whole
 * yet; -1: it is none. Postfix asks for host names and for whole addresses, never
 * for shortened ones; so every address may be told, also one that would stand
 * for others as a key in a file.
 */
ssize_t socketmap_answer(const struct map_settings *, const char *bytes,
    size_t len, char out[SOCKETMAP_ANSWER_MAX], size_t *out_len);

#endif
