#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/*
 * Each step takes sixteen bytes: it mixes both halves with secrets that depend
 * on the seed, multiplies them to 128 bits and folds the product. An attacker
 * who does not know the seed can neither make a factor zero nor choose two
 * inputs that collide.
 */
static const uint64_t ODD_A = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio */
static const uint64_t ODD_B = 0xb7e151628aed2a6b; /* the digits of e */
static const uint64_t ODD_C = 0x243f6a8885a308d3; /* the digits of pi */

#ifdef __SIZEOF_INT128__
static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#else
/* Compilers for 32 bits have no such type: the product of the halves. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t low = a_low * b_low, high = a_high * b_high;
	uint64_t cross = a_high * b_low + (low >> 32); /* cannot overflow */
	uint64_t middle = a_low * b_high + (uint32_t)cross;

	high += (cross >> 32) + (middle >> 32);
	return (middle << 32 | (uint32_t)low) ^ high;
}
#endif

static uint64_t
load8(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static uint64_t
load4(const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Loads the last 1 to 16 bytes as two words. Loads may overlap; this is
 * unambiguous, because the length is part of the state. */
static void
load_last(const unsigned char *bytes, size_t len, uint64_t words[2])
{
	words[1] = 0;
	if (len >= 8) {
		words[0] = load8(bytes);
		words[1] = load8(bytes + len - 8);
	} else if (len >= 4) {
		words[0] = load4(bytes) << 32 | load4(bytes + len - 4);
	} else {
		words[0] = (uint64_t)bytes[0] << 16 |
			   (uint64_t)bytes[len / 2] << 8 | bytes[len - 1];
	}
}

uint64_t
hash_bytes(uint64_t seed, const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint64_t secret = fold(seed ^ ODD_A, ODD_B);
	uint64_t state = secret ^ ((uint64_t)len * ODD_C);
	uint64_t words[2];
	size_t left = len;

	for (; left > 16; left -= 16, bytes += 16)
		state = fold(load8(bytes) ^ state,
			     load8(bytes + 8) ^ secret ^ ODD_B) ^
			secret;
	if (left > 0) {
		load_last(bytes, left, words);
		state = fold(words[0] ^ state, words[1] ^ secret ^ ODD_A);
	}
	return fold(state ^ ODD_A, secret ^ ODD_C);
}

uint64_t
hash_seed(void)
{
	uint64_t seed;
	struct timespec now;
	ssize_t got;

	do
		got = getrandom(&seed, sizeof(seed), 0);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(seed))
		return seed;
	/* getrandom(2) is missing or forbidden: better than a constant. */
	clock_gettime(CLOCK_REALTIME, &now);
	return fold((uint64_t)now.tv_nsec ^ ODD_A,
		    (uint64_t)now.tv_sec ^ ((uint64_t)getpid() << 32) ^ ODD_B);
}
