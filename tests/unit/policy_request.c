/* Requests of smtpd's policy delegation: what is read from a complete one, and
 * that nothing torn, endless or foreign counts as one. */
#include "maps/live/policy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/tap.h"

#define REQUEST "request=smtpd_access_policy\n"

/* As Postfix 3.7 sends it. */
static const char whole[] = REQUEST "protocol_state=RCPT\n"
				    "protocol_name=ESMTP\n"
				    "client_address=192.0.2.7\n"
				    "client_name=unknown\n"
				    "client_port=44106\n"
				    "reverse_client_name=unknown\n"
				    "server_address=192.0.2.1\n"
				    "server_port=25\n"
				    "helo_name=client.example.com\n"
				    "sender=Ann@example.org\n"
				    "recipient=someone@foreign.example\n"
				    "recipient_count=0\n"
				    "queue_id=\n"
				    "instance=1b2c.5a3d.7.0\n"
				    "size=0\n"
				    "etrn_domain=\n"
				    "stress=\n"
				    "sasl_method=\n"
				    "sasl_username=\n"
				    "sasl_sender=\n"
				    "ccert_subject=\n"
				    "ccert_issuer=\n"
				    "ccert_fingerprint=\n"
				    "ccert_pubkey_fingerprint=\n"
				    "encryption_protocol=\n"
				    "policy_context=a = b; c\x01\xff\n"
				    "\n";

static long
parse(struct policy_request *request, const char *text, struct err *err)
{
	err->text[0] = '\0';
	return policy_request_parse(request, text, strlen(text), err);
}

static bool
text_is(struct policy_text got, const char *want)
{
	return got.text != NULL && got.len == strlen(want) &&
	       memcmp(got.text, want, got.len) == 0;
}

static void
a_whole_one(void)
{
	struct policy_request r;
	struct err err;
	char text[ADDR_TEXT_MAX];

	is_int(parse(&r, whole, &err), (long)sizeof(whole) - 1,
	       "a question of Postfix is taken whole");
	addr_format(&r.client, text);
	is_str(text, "192.0.2.7", "the client's address");
	is_int(r.state, POLICY_RCPT, "the state");
	ok(text_is(r.protocol, "ESMTP"), "the protocol");
	ok(text_is(r.sender, "Ann@example.org"), "the sender, as it is");
	ok(text_is(r.recipient, "someone@foreign.example"), "the recipient");
	ok(text_is(r.instance, "1b2c.5a3d.7.0"), "the instance");
	ok(text_is(r.sasl_username, ""), "an empty user is one that is there");
	is_int(r.recipient_count, 0, "the count");
}

static void
one_of_two(void)
{
	struct policy_request r;
	struct err err;
	char two[2 * sizeof(whole)];

	snprintf(two, sizeof(two), "%s%s", whole, REQUEST "sender=x@y\n\n");
	is_int(parse(&r, two, &err), (long)sizeof(whole) - 1,
	       "of two questions the first");
	is_int(parse(&r, two + sizeof(whole) - 1, &err),
	       (long)strlen(REQUEST) + 12, "then the second");
	ok(text_is(r.sender, "x@y"), "with its own sender");
	ok(r.recipient.text == NULL && r.client.family == 0,
	   "and nothing of the first");
}

/* Whatever the portions, a question counts when its empty line has come. */
static void
torn(void)
{
	struct policy_request r;
	struct err err;
	size_t early = 0;

	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		early +=
		    policy_request_parse(&r, whole, len, &err) != 0 ? 1 : 0;
	is_int((long long)early, 0, "no part of a question is one");
}

static void
values(void)
{
	static const struct {
		const char *text;
		enum policy_state state;
	} states[] = {
	    {"CONNECT", POLICY_CONNECT},
	    {"EHLO", POLICY_HELO},
	    {"HELO", POLICY_HELO},
	    {"MAIL", POLICY_MAIL},
	    {"RCPT", POLICY_RCPT},
	    {"DATA", POLICY_DATA},
	    {"BDAT", POLICY_DATA},
	    {"END-OF-MESSAGE", POLICY_END_OF_MESSAGE},
	    {"VRFY", POLICY_OTHER},
	    {"", POLICY_OTHER},
	    {"rcpt", POLICY_OTHER},
	};
	struct policy_request r;
	struct err err;
	char text[200];

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		snprintf(text, sizeof(text), REQUEST "protocol_state=%s\n\n",
			 states[i].text);
		ok(parse(&r, text, &err) > 0 && r.state == states[i].state,
		   "state %s", states[i].text);
	}
	parse(&r, REQUEST "client_address=2001:DB8::0:7\n\n", &err);
	addr_format(&r.client, text);
	is_str(text, "2001:db8::7", "IPv6 in its one spelling");
	parse(&r, REQUEST "client_address=::ffff:192.0.2.7\n\n", &err);
	is_int(r.client.family, 4, "a mapped address is IPv4");
	ok(parse(&r, REQUEST "client_address=unknown\n\n", &err) > 0 &&
	       r.client.family == 0,
	   "an unknown client is no address");
	ok(parse(&r, REQUEST "recipient_count=50\n\n", &err) > 0 &&
	       r.recipient_count == 50,
	   "a count");
}

static void
refused(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	    {"\n", "no attribute"},
	    {"sender=a@b\n\n", "no attribute"},
	    {"request=junk\n\n", "not a request"},
	    {"request=\n\n", "not a request"},
	    {"request=smtpd_access_policy2\n\n", "not a request"},
	    {REQUEST "sender\n\n", "without '='"},
	    {REQUEST "=x\n\n", "without a name"},
	    {REQUEST "a b=x\n\n", "without a name"},
	    {REQUEST "sender=a@b\nsender=c@d\n\n", "sender: given twice"},
	    {REQUEST REQUEST "\n", "request: given twice"},
	    {REQUEST "sender=a\tb@c\n\n", "control"},
	    {REQUEST "sender=a@b\r\n\n", "control"},
	    {REQUEST "client_address=192.0.2.7\x7f\n\n", "control"},
	    {REQUEST "recipient_count=-1\n\n", "not a number"},
	    {REQUEST "recipient_count=1x\n\n", "not a number"},
	    {REQUEST "recipient_count=4294967297\n\n", "too large"},
	    {"GET / HTTP/1.0\n\n", "without '='"},
	};
	struct policy_request r;
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(parse(&r, bad[i].text, &err), -1, "refused: %s",
		       bad[i].why);
		ok(strstr(err.text, bad[i].why) != NULL, "and says so: %s",
		   err.text);
	}
	is_int(policy_request_parse(&r, "request=\0", 9, &err), -1,
	       "a NUL is refused before the end has come");
}

/* Bounded, whatever grows. */
static void
endless(void)
{
	size_t size = POLICY_REQUEST_MAX + 10;
	char *text = malloc(size + 1);
	struct policy_request r;
	struct err err;
	size_t at;

	memset(text, 'x', size);
	is_int(policy_request_parse(&r, text, POLICY_REQUEST_MAX - 1, &err), 0,
	       "a long beginning is waited for");
	is_int(policy_request_parse(&r, text, POLICY_REQUEST_MAX, &err), -1,
	       "but not for ever");
	memcpy(text + POLICY_REQUEST_MAX, "\n\n", 2);
	is_int(policy_request_parse(&r, text, POLICY_REQUEST_MAX + 2, &err), -1,
	       "an end beyond the limit does not count");

	at = (size_t)sprintf(text, REQUEST);
	for (int i = 0; i < POLICY_REQUEST_LINES_MAX; i++)
		at += (size_t)sprintf(text + at, "a%d=\n", i);
	sprintf(text + at, "\n");
	is_int(parse(&r, text, &err), -1, "too many lines");

	at = (size_t)sprintf(text, REQUEST "sender=");
	memset(text + at, 'x', POLICY_VALUE_MAX + 1);
	strcpy(text + at + POLICY_VALUE_MAX + 1, "\n\n");
	is_int(parse(&r, text, &err), -1, "too long a sender");
	strcpy(text + at + POLICY_VALUE_MAX, "\n\n");
	ok(parse(&r, text, &err) > 0, "the longest sender");
	memcpy(text + at - 7, "unused", 6);
	memset(text + at, 'x', POLICY_VALUE_MAX + 1);
	strcpy(text + at + POLICY_VALUE_MAX + 1, "\n\n");
	ok(parse(&r, text, &err) > 0, "what nobody needs may be longer");
	free(text);
}

int
main(void)
{
	a_whole_one();
	one_of_two();
	torn();
	values();
	refused();
	endless();
	return tap_done();
}
