#include "tools/relaycheck/smtp_reply.h"

#include <string.h>

#include "base/err.h"

enum { CODE_LEN = 3 };

/* The code at the beginning of a line; -1: it has no code. */
static int
parse_code(const char *line, size_t len)
{
	if (len < CODE_LEN || line[0] < '2' || line[0] > '5' || line[1] < '0' ||
	    line[1] > '9' || line[2] < '0' || line[2] > '9')
		return -1;
	if (len > CODE_LEN && line[CODE_LEN] != ' ' && line[CODE_LEN] != '-')
		return -1;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
}

static void
put_text(struct smtp_reply *reply, char c)
{
	if (reply->text_len == SMTP_TEXT_MAX - 1)
		return;
	reply->text[reply->text_len++] = c != '\0' ? c : ' ';
}

static void
add_text(struct smtp_reply *reply)
{
	size_t i;

	if (reply->lines > 1)
		put_text(reply, ' ');
	for (i = CODE_LEN + 1; i < reply->line_len; i++)
		put_text(reply, reply->line[i]);
	reply->text[reply->text_len] = '\0';
}

static int
take_line(struct smtp_reply *reply, struct err *err)
{
	int code;

	if (reply->line_len > 0 && reply->line[reply->line_len - 1] == '\r')
		reply->line_len--;
	code = parse_code(reply->line, reply->line_len);
	if (code < 0)
		return err_set(err, "a line of the reply has no code");
	if (reply->lines > 0 && code != reply->code)
		return err_set(err, "the reply has two codes, %d and %d",
			       reply->code, code);
	if (++reply->lines > SMTP_LINES_MAX)
		return err_set(err, "the reply has more than %d lines",
			       SMTP_LINES_MAX);
	reply->code = code;
	add_text(reply);
	return reply->line_len == CODE_LEN || reply->line[CODE_LEN] == ' ';
}

int
smtp_reply_feed(struct smtp_reply *reply, const char *bytes, size_t len,
		size_t *used, struct err *err)
{
	int done;

	for (*used = 0; *used < len; ++*used) {
		if (++reply->bytes > SMTP_BYTES_MAX)
			return err_set(err, "the reply has more than %d bytes",
				       SMTP_BYTES_MAX);
		if (bytes[*used] != '\n') {
			if (reply->line_len < SMTP_LINE_MAX)
				reply->line[reply->line_len++] = bytes[*used];
			continue;
		}
		done = take_line(reply, err);
		reply->line_len = 0;
		if (done != 0) {
			++*used;
			return done;
		}
	}
	return 0;
}

bool
smtp_reply_has_status(const struct smtp_reply *reply, const char *status)
{
	size_t len = strlen(status);

	return strncmp(reply->text, status, len) == 0 &&
	       (reply->text[len] == ' ' || reply->text[len] == '\0');
}
