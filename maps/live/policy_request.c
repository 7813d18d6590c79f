#include "maps/live/policy_request.h"

#include <ctype.h>
#include <string.h>

#include "base/err.h"

enum { COUNT_DIGITS_MAX = 9 };

/* Collects the values of one request before they are parsed. */
struct values {
	struct policy_text request, state, client, count;
	struct policy_request *out;
};

static bool
equals(struct policy_text text, const char *word)
{
	return text.text != NULL && text.len == strlen(word) &&
	       memcmp(text.text, word, text.len) == 0;
}

/* The state that "RCPT", "END-OF-MESSAGE" ... names. */
static enum policy_state
parse_state(struct policy_text name)
{
	static const struct {
		const char *name;
		enum policy_state state;
	} known[] = {
	    {"CONNECT", POLICY_CONNECT},
	    {"HELO", POLICY_HELO},
	    {"EHLO", POLICY_HELO},
	    {"MAIL", POLICY_MAIL},
	    {"RCPT", POLICY_RCPT},
	    {"DATA", POLICY_DATA},
	    {"BDAT", POLICY_DATA},
	    {"END-OF-MESSAGE", POLICY_END_OF_MESSAGE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (equals(name, known[i].name))
			return known[i].state;
	return POLICY_OTHER;
}

/* Where to put the value of an attribute. NULL: we do not use it. */
static struct policy_text *
find_value(struct values *values, struct policy_text name)
{
	struct policy_request *out = values->out;
	const struct {
		const char *name;
		struct policy_text *value;
	} used[] = {
	    {"request", &values->request},
	    {"protocol_state", &values->state},
	    {"protocol_name", &out->protocol},
	    {"client_address", &values->client},
	    {"sender", &out->sender},
	    {"recipient", &out->recipient},
	    {"recipient_count", &values->count},
	    {"instance", &out->instance},
	    {"sasl_username", &out->sasl_username},
	};

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		if (equals(name, used[i].name))
			return used[i].value;
	return NULL;
}

static bool
is_name(struct policy_text name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.text[i];

		if (!isalnum(c) && c != '_' && c != '-')
			return false;
	}
	return name.len > 0;
}

static bool
has_control(struct policy_text value)
{
	for (size_t i = 0; i < value.len; i++)
		if (iscntrl((unsigned char)value.text[i]))
			return true;
	return false;
}

static int
parse_line(struct values *values, const char *line, size_t len, struct err *err)
{
	const char *equal = memchr(line, '=', len);
	struct policy_text name, value, *to;

	if (equal == NULL)
		return err_set(err, "a line without '='");
	name = (struct policy_text){line, (size_t)(equal - line)};
	value = (struct policy_text){equal + 1, len - name.len - 1};
	if (!is_name(name))
		return err_set(err, "a line without a name before the '='");
	to = find_value(values, name);
	if (to == NULL)
		return 0;
	if (to->text != NULL)
		return err_set(err, "%.*s: given twice", (int)name.len,
			       name.text);
	if (value.len > POLICY_VALUE_MAX)
		return err_set(err, "%.*s: longer than %d bytes", (int)name.len,
			       name.text, POLICY_VALUE_MAX);
	if (has_control(value))
		return err_set(err, "%.*s: contains control characters",
			       (int)name.len, name.text);
	*to = value;
	return 0;
}

/* The text is digits, or empty. */
static int
parse_count(uint32_t *count, struct policy_text text, struct err *err)
{
	*count = 0;
	if (text.len > COUNT_DIGITS_MAX)
		return err_set(err, "recipient_count: too large");
	for (size_t i = 0; i < text.len; i++) {
		if (!isdigit((unsigned char)text.text[i]))
			return err_set(err, "recipient_count: not a number");
		*count = *count * 10 + (uint32_t)(text.text[i] - '0');
	}
	return 0;
}

static int
parse_values(struct values *values, struct err *err)
{
	struct policy_request *out = values->out;

	if (values->request.text == NULL)
		return err_set(err, "no attribute `request'");
	if (!equals(values->request, "smtpd_access_policy"))
		return err_set(err, "not a request of smtpd_access_policy");
	out->state = parse_state(values->state);
	if (values->client.text == NULL ||
	    addr_parse(&out->client, values->client.text, values->client.len))
		memset(&out->client, 0, sizeof(out->client));
	return parse_count(&out->recipient_count, values->count, err);
}

/* The length including the empty line; 0 = that has not come yet. */
static size_t
find_end(const char *bytes, size_t len)
{
	const char *end;

	if (bytes[0] == '\n')
		return 1;
	end = memmem(bytes, len, "\n\n", 2);
	return end != NULL ? (size_t)(end - bytes) + 2 : 0;
}

long
policy_request_parse(struct policy_request *out, const char *bytes, size_t len,
		     struct err *err)
{
	struct values values = {.out = out};
	size_t size, line, lines = 0;

	if (len == 0)
		return 0;
	size = find_end(bytes,
			len < POLICY_REQUEST_MAX ? len : POLICY_REQUEST_MAX);
	if (size == 0 && len >= POLICY_REQUEST_MAX)
		return err_set(err, "no end within %d bytes",
			       POLICY_REQUEST_MAX);
	/* No request contains a NUL, so it is refused as soon as it comes. */
	if (memchr(bytes, '\0', size > 0 ? size : len) != NULL)
		return err_set(err, "a NUL byte");
	if (size == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	for (size_t at = 0; at + 1 < size; at += line + 1) {
		line =
		    (size_t)((const char *)memchr(bytes + at, '\n', size - at) -
			     (bytes + at));
		if (++lines > POLICY_REQUEST_LINES_MAX)
			return err_set(err, "more than %d lines",
				       POLICY_REQUEST_LINES_MAX);
		if (parse_line(&values, bytes + at, line, err) != 0)
			return -1;
	}
	if (parse_values(&values, err) != 0)
		return -1;
	return (long)size;
}
