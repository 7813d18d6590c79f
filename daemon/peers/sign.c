#include "daemon/peers/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"

static_assert(SIGN_SEED == crypto_sign_ed25519_SEEDBYTES &&
		  SIGN_PUBLIC == crypto_sign_ed25519_PUBLICKEYBYTES &&
		  SIGN_SECRET == crypto_sign_ed25519_SECRETKEYBYTES &&
		  SIGN_SIGNATURE == crypto_sign_ed25519_BYTES,
	      "the sizes of Ed25519");

/* Begins all that is signed, with its final NUL, so that no signature made for
 * another purpose or version is valid here. */
static const char domain[] = "pop-before-smtp peers 1";

enum {
	SIGNED_MAX = sizeof(domain) + SIGN_STREAM_MAX + 1 + SIGN_ID_MAX + 1 +
		     SIGN_PAYLOAD_MAX
};

int
sign_begin(struct err *err)
{
	return sodium_init() >= 0 ? 0
				  : err_set(err, "cannot initialize libsodium");
}

void
sign_new_key(unsigned char secret[SIGN_SECRET], char text[SIGN_KEY_TEXT])
{
	unsigned char public_key[SIGN_PUBLIC], seed[SIGN_SEED];

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
	memcpy(text, "s1:", 3);
	base64_encode(text + 3, seed, sizeof(seed));
	sign_forget(seed, sizeof(seed));
}

int
sign_read_key(unsigned char secret[SIGN_SECRET], const char *text,
	      struct err *err)
{
	unsigned char public_key[SIGN_PUBLIC], seed[SIGN_SEED];
	size_t len = strcspn(text, "\n");

	if (strncmp(text, "k1:", 3) == 0)
		return err_set(err, "holds a public key; name the file that "
				    "`pbsctl keygen' made");
	if (strncmp(text, "s1:", 3) != 0 || text[len + (text[len] != '\0')] ||
	    base64_decode(seed, sizeof(seed), text + 3, len - 3) != 0) {
		sign_forget(seed, sizeof(seed));
		return err_set(err, "holds no key from `pbsctl keygen', one "
				    "line s1:...");
	}
	crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
	sign_forget(seed, sizeof(seed));
	return 0;
}

void
sign_public_text(char text[SIGN_KEY_TEXT],
		 const unsigned char secret[SIGN_SECRET])
{
	memcpy(text, "k1:", 3);
	base64_encode(text + 3, secret + SIGN_SEED, SIGN_PUBLIC);
}

void
sign_forget(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}

/* What is signed, different for each entry: a NUL ends the stream and the id,
 * which contain none. 0: it is too long. */
static size_t
signed_bytes(unsigned char out[SIGNED_MAX], const struct sign_entry *entry)
{
	size_t stream = strlen(entry->stream) + 1, id = strlen(entry->id) + 1;
	size_t at = 0;

	if (stream > SIGN_STREAM_MAX + 1 || id > SIGN_ID_MAX + 1 ||
	    entry->payload_len > SIGN_PAYLOAD_MAX)
		return 0;
	memcpy(out, domain, sizeof(domain));
	at += sizeof(domain);
	memcpy(out + at, entry->stream, stream);
	at += stream;
	memcpy(out + at, entry->id, id);
	at += id;
	if (entry->payload_len > 0)
		memcpy(out + at, entry->payload, entry->payload_len);
	return at + entry->payload_len;
}

void
sign_entry(unsigned char signature[SIGN_SIGNATURE],
	   const struct sign_entry *entry,
	   const unsigned char secret[SIGN_SECRET])
{
	unsigned char bytes[SIGNED_MAX];
	size_t len = signed_bytes(bytes, entry);

	assert(len > 0);
	crypto_sign_ed25519_detached(signature, NULL, bytes, len, secret);
}

bool
sign_verify(const unsigned char signature[SIGN_SIGNATURE],
	    const struct sign_entry *entry,
	    const unsigned char public_key[SIGN_PUBLIC])
{
	unsigned char bytes[SIGNED_MAX];
	size_t len = signed_bytes(bytes, entry);

	return len > 0 && crypto_sign_ed25519_verify_detached(
			      signature, bytes, len, public_key) == 0;
}
