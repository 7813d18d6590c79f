/*
 * hash: a seeded 64-bit hash of bytes, for fingerprints and for tables whose
 * keys may be chosen by strangers. It is not cryptographic.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(uint64_t seed, const void *, size_t len);
uint64_t hash_seed(void); /* random, from getrandom(2) */

#endif
