/* smtp_reply: replies in one piece and byte by byte, invalid replies, and
 * limits. */
#include "tools/relaycheck/smtp_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/tap.h"

static const struct {
	const char *bytes;
	int result, code;
	size_t used;
	const char *text;
} replies[] = {
    {"250 ok\r\n", 1, 250, 8, "ok"},
    {"250\r\n", 1, 250, 5, ""},
    {"250 \r\n", 1, 250, 6, ""},
    {"250 ok\n", 1, 250, 7, "ok"},
    {"220-mail.example.org\r\n220 ready\r\n", 1, 220, 33,
     "mail.example.org ready"},
    {"220-\r\n220-\r\n220\r\n", 1, 220, 17, "  "},
    {"599 last\r\n", 1, 599, 10, "last"},
    {"250 a\r\n250 b\r\n", 1, 250, 7, "a"},
    {"250 a\rb\r\r\n", 1, 250, 10, "a\rb\r"},
    {"250-a\r\n", 0, 250, 7, "a"},
    {"250 ok\r", 0, 0, 7, ""},
    {"", 0, 0, 0, ""},
    {"\r\n", -1, 0, 0, ""},
    {"ok\r\n", -1, 0, 0, ""},
    {"25\r\n", -1, 0, 0, ""},
    {"250_ok\r\n", -1, 0, 0, ""},
    {"2500 ok\r\n", -1, 0, 0, ""},
    {"150 ok\r\n", -1, 0, 0, ""},
    {"600 ok\r\n", -1, 0, 0, ""},
    {" 250 ok\r\n", -1, 0, 0, ""},
    {"2x0 ok\r\n", -1, 0, 0, ""},
    {"250-a\r\n251 b\r\n", -1, 250, 0, "a"},
    {"250-a\r\n\r\n", -1, 250, 0, "a"},
};

static void
check_whole(size_t i)
{
	struct smtp_reply reply = {0};
	struct err err;
	size_t used;
	int result = smtp_reply_feed(&reply, replies[i].bytes,
				     strlen(replies[i].bytes), &used, &err);

	is_int(result, replies[i].result, "row %zu: a reply or none", i);
	is_int(reply.code, replies[i].code, "row %zu: its code", i);
	is_str(reply.text, replies[i].text, "row %zu: its text", i);
	if (result >= 0)
		is_int((long long)used, (long long)replies[i].used,
		       "row %zu: no byte after it", i);
}

static void
check_bytes(size_t i)
{
	struct smtp_reply reply = {0};
	struct err err;
	size_t used, at = 0, len = strlen(replies[i].bytes);
	int result = 0;

	while (at < len && result == 0) {
		result = smtp_reply_feed(&reply, replies[i].bytes + at, 1,
					 &used, &err);
		at++;
	}
	ok(result == replies[i].result && reply.code == replies[i].code &&
	       strcmp(reply.text, replies[i].text) == 0,
	   "row %zu: the same byte by byte", i);
}

/* Feeds text again and again until it is no longer wanted. */
static int
feed_many(struct smtp_reply *reply, const char *text, struct err *err)
{
	size_t used;
	int result = 0;

	for (int i = 0; i < 100000 && result == 0; i++)
		result = smtp_reply_feed(reply, text, strlen(text), &used, err);
	return result;
}

static void
check_limits(void)
{
	struct smtp_reply lines = {0}, bytes = {0}, longer = {0};
	char line[2000] = "554 ";
	struct err err;
	size_t used;

	is_int(feed_many(&lines, "250-x\r\n", &err), -1, "lines without end");
	is_str(err.text, "the reply has more than 100 lines", "and why");
	is_int(feed_many(&bytes, "250 xxxxxxxxxxxx", &err), -1,
	       "a line without end");
	is_str(err.text, "the reply has more than 65536 bytes", "and why");
	memset(line + 4, 'x', sizeof(line) - 4);
	line[sizeof(line) - 1] = '\n';
	is_int(smtp_reply_feed(&longer, line, sizeof(line), &used, &err), 1,
	       "a line over 512 octets is a reply");
	is_int((long long)used, sizeof(line), "all of it belongs to it");
	is_int((long long)longer.text_len, SMTP_LINE_MAX - 4,
	       "what is beyond the limit is dropped");
}

static void
check_nul(void)
{
	static const char bytes[] = "250 a\0b\r\n";
	struct smtp_reply reply = {0};
	struct err err;
	size_t used;

	is_int(smtp_reply_feed(&reply, bytes, sizeof(bytes) - 1, &used, &err),
	       1, "a NUL in a reply");
	is_str(reply.text, "a b", "does not end its text");
}

static void
check_status(void)
{
	struct smtp_reply reply = {.text = "5.1.8 no such domain"};

	ok(smtp_reply_has_status(&reply, "5.1.8"), "an enhanced status code");
	ok(!smtp_reply_has_status(&reply, "5.1"), "not a part of one");
	strcpy(reply.text, "5.1.80 x");
	ok(!smtp_reply_has_status(&reply, "5.1.8"), "nor a longer one");
	strcpy(reply.text, "5.1.8");
	ok(smtp_reply_has_status(&reply, "5.1.8"), "without more text");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		check_whole(i);
		check_bytes(i);
	}
	check_limits();
	check_nul();
	check_status();
	return tap_done();
}
