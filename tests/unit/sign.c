/* Signatures of entries: as RFC 8032 has them, and worth nothing elsewhere.
 * The signatures here were made by another implementation (Python's
 * cryptography, over OpenSSL), with the key of RFC 8032, 7.1, test 1. */
#include "daemon/peers/sign.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/tap.h"

#ifdef WITHOUT_PEERS
int
main(void)
{
	tap_skip("signatures", "built without libsodium");
	return tap_done();
}
#else

static const char secret_text[] =
    "s1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n";
static const char public_text[] =
    "k1:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char payload[] =
    "1 1700000000 1699990000 1\nL 192.0.2.7 1699999999 1700001799 ann\n";

static void
unhex(unsigned char *bytes, const char *text)
{
	for (unsigned int byte; sscanf(text, "%2x", &byte) == 1; text += 2)
		*bytes++ = (unsigned char)byte;
}

static void
vectors(void)
{
	static const struct {
		struct sign_entry entry;
		const char *signature;
	} rows[] = {
	    {{"pbs:pop1", "1700000000123-0", payload, sizeof(payload) - 1},
	     "55a34e06130048e4c715483ab90376d471496eca70a114a014e2c7b8611ed7f3"
	     "b9dc57f6cee64ea08262431c73bcefcf3013e85d66bed3b436e2a2317579630"
	     "2"},
	    {{"pbs:pop1", "1700000000123-1", NULL, 0},
	     "99eb45a1c6d7d8ea83cca4d700fadaef91d1ba11f3dff6cedc67c1425cd25cc1"
	     "c6f10863885eff7355e4877b84e4bd3f75b8c89c4f48238c02109daf994eb30"
	     "6"},
	};
	unsigned char secret[SIGN_SECRET];
	char text[SIGN_KEY_TEXT];
	struct err err;

	is_int(sign_read_key(secret, secret_text, &err), 0, "a key is read");
	sign_public_text(text, secret);
	is_str(text, public_text, "its public key is that of RFC 8032");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char want[SIGN_SIGNATURE], got[SIGN_SIGNATURE];

		unhex(want, rows[i].signature);
		sign_entry(got, &rows[i].entry, secret);
		ok(memcmp(got, want, sizeof(want)) == 0, "signature %zu", i);
		ok(sign_verify(want, &rows[i].entry, secret + SIGN_SEED),
		   "signature %zu is believed", i);
	}
}

/* One thing at a time is another than what was signed. */
static void
elsewhere(void)
{
	static const struct sign_entry entry = {"pbs:pop1", "17-0", "1 2 3", 5};
	static const struct {
		struct sign_entry entry;
		const char *what;
	} rows[] = {
	    {{"pbs:pop2", "17-0", "1 2 3", 5}, "another host's stream"},
	    {{"pbs2:pop1", "17-0", "1 2 3", 5}, "another prefix"},
	    {{"pbs:pop1", "17-1", "1 2 3", 5}, "another id"},
	    {{"pbs:pop1", "17-0", "1 2 4", 5}, "another payload"},
	    {{"pbs:pop1", "17-0", "1 2 3", 4}, "a shorter payload"},
	    {{"pbs:pop", "117-0", "1 2 3", 5}, "a stream that goes on as id"},
	    {{"pbs:pop1", "17-01", " 2 3", 4},
	     "a payload that begins in the id"},
	};
	unsigned char secret[SIGN_SECRET], other[SIGN_SECRET];
	unsigned char signature[SIGN_SIGNATURE];
	char text[SIGN_KEY_TEXT];

	sign_new_key(secret, text);
	sign_new_key(other, text);
	sign_entry(signature, &entry, secret);
	ok(sign_verify(signature, &entry, secret + SIGN_SEED), "as signed");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(!sign_verify(signature, &rows[i].entry, secret + SIGN_SEED),
		   "refused: %s", rows[i].what);
	ok(!sign_verify(signature, &entry, other + SIGN_SEED),
	   "refused: the key of another host");
	for (size_t i = 0; i < sizeof(signature); i++) {
		signature[i] ^= 1;
		if (sign_verify(signature, &entry, secret + SIGN_SEED))
			ok(false, "byte %zu of the signature is changed", i);
		signature[i] ^= 1;
	}
}

/* Points of small order: a signature of zeros would fit every entry. */
static void
weak_keys(void)
{
	static const struct sign_entry entry = {"pbs:pop1", "17-0", "1 2 3", 5};
	unsigned char key[SIGN_PUBLIC] = {0}, signature[SIGN_SIGNATURE] = {0};

	ok(!sign_verify(signature, &entry, key), "a key of zeros");
	key[0] = signature[0] = 1;
	ok(!sign_verify(signature, &entry, key), "the neutral element");
}

static void
too_long(void)
{
	static char bytes[SIGN_PAYLOAD_MAX + 1];
	struct sign_entry entry = {"pbs:pop1", "17-0", bytes, SIGN_PAYLOAD_MAX};
	unsigned char secret[SIGN_SECRET], signature[SIGN_SIGNATURE];
	char text[SIGN_KEY_TEXT], name[SIGN_STREAM_MAX + 2];

	sign_new_key(secret, text);
	sign_entry(signature, &entry, secret);
	ok(sign_verify(signature, &entry, secret + SIGN_SEED),
	   "the longest payload");
	entry.payload_len++;
	ok(!sign_verify(signature, &entry, secret + SIGN_SEED),
	   "refused: a longer one");
	entry.payload_len = 0;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	entry.stream = name;
	ok(!sign_verify(signature, &entry, secret + SIGN_SEED),
	   "refused: a long name of a stream");
	entry.stream = "pbs:pop1";
	entry.id = name;
	ok(!sign_verify(signature, &entry, secret + SIGN_SEED),
	   "refused: a long id");
}

static void
key_files(void)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
	    {"", "holds no key"},
	    {"\n", "holds no key"},
	    {"s1:", "holds no key"},
	    {public_text, "holds a public key"},
	    {"s1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n\n",
	     "holds no key"},
	    {"s1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=x",
	     "holds no key"},
	    {"s1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B=", "holds no key"},
	    {"s2:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "holds no key"},
	};
	unsigned char secret[SIGN_SECRET], again[SIGN_SECRET];
	char text[SIGN_KEY_TEXT], other[SIGN_KEY_TEXT];
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err.text[0] = '\0';
		ok(sign_read_key(secret, rows[i].text, &err) == -1 &&
		       strstr(err.text, rows[i].said) != NULL,
		   "key file %zu: %s", i, err.text);
		ok(strstr(err.text, "nWGx") == NULL && strlen(err.text) < 100,
		   "its contents are not repeated");
	}
	sign_new_key(secret, text);
	sign_new_key(again, other);
	ok(strcmp(text, other) != 0, "each new key is another");
	ok(sign_read_key(again, text, &err) == 0 &&
	       memcmp(again, secret, sizeof(secret)) == 0,
	   "what is written is read again");
	sign_forget(secret, sizeof(secret));
	is_int(secret[0] | secret[SIGN_SECRET - 1], 0, "and forgotten");
}

int
main(void)
{
	struct err err;

	is_int(sign_begin(&err), 0, "libsodium starts");
	vectors();
	elsewhere();
	weak_keys();
	too_long();
	key_files();
	return tap_done();
}
#endif
