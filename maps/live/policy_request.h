/*
 * policy_request: one request of Postfix's SMTPD access policy delegation
 * (SMTPD_POLICY_README): lines of name=value, then an empty line.
 *
 * A pure parser of the bytes received so far. It is strict: a malformed request
 * does not come from smtpd(8), so it must not be answered, and the connection
 * should be closed. Attributes that we do not use are ignored, whatever their
 * values.
 */
#ifndef MAPS_LIVE_POLICY_REQUEST_H
#define MAPS_LIVE_POLICY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct err;

/* smtpd sends about 0.7 kB in 27 lines. An address has at most 2048 bytes
 * (line_length_limit); the subject of a certificate may be longer. */
enum {
	POLICY_REQUEST_MAX = 16 * 1024, /* bytes, with the empty line */
	POLICY_REQUEST_LINES_MAX = 128,
	POLICY_VALUE_MAX = 4096, /* of an attribute that we use */
};

enum policy_state {
	POLICY_CONNECT, POLICY_HELO, POLICY_MAIL, POLICY_RCPT, POLICY_DATA,
	POLICY_END_OF_MESSAGE, POLICY_OTHER
};

/* Text within the request; not NUL-terminated. */
struct policy_text {
	const char *text; /* NULL: the attribute is missing */
	size_t len;
};

/* Valid as long as the bytes that were parsed. */
struct policy_request {
	enum policy_state state;
	struct addr client; /* family 0: missing or "unknown" */
	uint32_t recipient_count;
	struct policy_text protocol, sender, recipient, instance, sasl_username;
};

/*
 * Parses the request at the beginning of bytes into *out, and returns its
 * length. 0: the request is not complete yet. -1: it is malformed or too long;
 * err says why.
 */
long policy_request_parse(struct policy_request *out, const char *bytes,
    size_t len, struct err *);

#endif
