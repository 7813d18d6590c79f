/*
 * sign: the keys of hosts, and their signatures on the entries they exchange.
 *
 * Ed25519 (RFC 8032), computed by libsodium; this is its only user. Each host
 * has a secret key of its own, and whoever reads its entries has its public
 * key. What is signed is an entry of a stream, together with the name of the
 * stream and the id, so that it is not valid in any other place.
 *
 * A secret key is kept in a file of one line, "s1:" and its 32-byte seed in
 * base64; a public key is written "k1:" and its 32 bytes in base64.
 */
#ifndef DAEMON_PEERS_SIGN_H
#define DAEMON_PEERS_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/conf/base64.h"

struct err;

enum {
	SIGN_SEED = 32,
	SIGN_PUBLIC = 32,
	SIGN_SECRET = 64, /* the seed and the public key */
	SIGN_SIGNATURE = 64,
	SIGN_KEY_TEXT = 3 + BASE64_TEXT(32), /* with the final NUL */
	/* The longest entry that can be signed, in bytes. */
	SIGN_STREAM_MAX = 128,
	SIGN_ID_MAX = 64,
	SIGN_PAYLOAD_MAX = 8192,
};

/* Prepares libsodium; to be called once, before anything else here and before a
 * sandbox: it may open /dev/urandom. 0, or -1. */
int sign_begin(struct err *);

/* A new key; text is what its file holds, without the newline. */
void sign_new_key(unsigned char secret[SIGN_SECRET], char text[SIGN_KEY_TEXT]);

/* The key in the contents of its file; a newline may follow. -1: err says what
 * is wrong, without the contents. */
int sign_read_key(unsigned char secret[SIGN_SECRET], const char *text,
		  struct err *);

/* "k1:...", for the configuration of hosts that accept this one's entries. */
void sign_public_text(char text[SIGN_KEY_TEXT],
		      const unsigned char secret[SIGN_SECRET]);

/* Overwrites what no longer needs to be in memory: a key, or its text. */
void sign_forget(void *, size_t);

/* An entry of a stream: all that is signed. */
struct sign_entry {
	const char *stream;  /* "PREFIX:NAME", borrowed */
	const char *id;	     /* "MILLISECONDS-SEQUENCE", borrowed */
	const char *payload; /* borrowed; any bytes */
	size_t payload_len;
};

/* The lengths must be within the limits above. */
void sign_entry(unsigned char signature[SIGN_SIGNATURE],
		const struct sign_entry *,
		const unsigned char secret[SIGN_SECRET]);

/* Whether the holder of the secret key signed exactly this entry. Keys and
 * signatures that would be valid for many entries are refused. */
bool sign_verify(const unsigned char signature[SIGN_SIGNATURE],
		 const struct sign_entry *,
		 const unsigned char public_key[SIGN_PUBLIC]);

#endif
