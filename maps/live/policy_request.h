/*
 * policy_request: one question of Postfix's SMTPD access policy delegation
 * (SMTPD_POLICY_README): lines of name=value, then an empty line.
 *
 * A pure parser over what has come so far. It is strict: a question that it
 * does not understand wholly is not answered at all, for whoever asks so is
 * not smtpd(8), and the connection is to be closed. Attributes that nobody
 * needs here are ignored, whatever they say.
 */
#ifndef MAPS_LIVE_POLICY_REQUEST_H
#define MAPS_LIVE_POLICY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct err;

/* smtpd sends 0.7 kB in 27 lines. An address has at most line_length_limit,
 * 2048 bytes; the subject of a certificate may be longer. */
enum {
	POLICY_REQUEST_MAX = 16 * 1024, /* bytes, the empty line included */
	POLICY_REQUEST_LINES_MAX = 128,
	POLICY_VALUE_MAX = 4096, /* of an attribute that is needed here */
};

enum policy_state {
	POLICY_CONNECT, POLICY_HELO, POLICY_MAIL, POLICY_RCPT, POLICY_DATA,
	POLICY_END_OF_MESSAGE, POLICY_OTHER
};

/* Text within the question; not NUL-terminated. */
struct policy_text {
	const char *text; /* NULL: the attribute was not there */
	size_t len;
};

/* Borrowed: valid as long as the bytes that were parsed. */
struct policy_request {
	enum policy_state state;
	struct addr client; /* family 0: none, or "unknown" */
	uint32_t recipient_count;
	struct policy_text protocol, sender, recipient, instance, sasl_username;
};

/*
 * > 0: so many bytes were one question, and *out is it. 0: its end has not
 * come yet. -1: not a question of smtpd, or one without end; err says why.
 */
long policy_request_parse(struct policy_request *out, const char *bytes,
    size_t len, struct err *);

#endif
