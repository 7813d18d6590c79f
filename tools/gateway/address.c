#include "tools/gateway/address.h"

#include <stdbool.h>
#include <string.h>

static const char PLUS[] = "\\+.*";

enum { PLUS_LEN = sizeof(PLUS) - 1, LABEL_MAX = 63 };

/* ctype(3) depends on the locale. */
static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool
is_atext(char c)
{
	return is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static const char *
check_local(const char *text, size_t len)
{
	if (len > ADDRESS_LOCAL_MAX)
		return "over 64 octets before the @";
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' &&
		    (i == 0 || i == len - 1 || text[i - 1] == '.'))
			return "a dot that separates nothing before the @";
		if (text[i] != '.' && !is_atext(text[i]))
			return "a character before the @ that needs quotes";
	}
	return NULL;
}

static const char *
check_label(const char *text, size_t len)
{
	if (len == 0)
		return "an empty label in the domain";
	if (len > LABEL_MAX)
		return "over 63 octets in a label of the domain";
	if (text[0] == '-' || text[len - 1] == '-')
		return "a hyphen at the end of a label of the domain";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-')
			return "not only letters, digits and hyphens in the "
			       "domain";
	return NULL;
}

static const char *
check_domain(const char *text, size_t len)
{
	size_t labels = 0, label;
	const char *dot, *why;

	for (size_t at = 0; at <= len; at += label + 1) {
		dot = memchr(text + at, '.', len - at);
		label = dot != NULL ? (size_t)(dot - text) - at : len - at;
		why = check_label(text + at, label);
		if (why != NULL)
			return why;
		labels++;
	}
	return labels < 2 ? "no dot in the domain" : NULL;
}

static const char *
check_bytes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			return "a NUL";
		if ((unsigned char)text[i] >= 0x80)
			return "not ASCII";
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "a control character";
	}
	return len > 0 && text[0] == '"' ? "a quoted local part" : NULL;
}

/* Finds the only @. */
static const char *
find_at(const char *text, size_t len, const char **at)
{
	*at = memchr(text, '@', len);
	if (*at == NULL)
		return "no @";
	if (memchr(*at + 1, '@', len - (size_t)(*at + 1 - text)) != NULL)
		return "two @";
	return NULL;
}

static void
put_lower(char *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z'
			     ? (char)(text[i] - 'A' + 'a')
			     : text[i];
}

static void
fill(struct address *address, const char *local, const char *domain,
     size_t domain_len)
{
	put_lower(address->text, local, address->local_len);
	address->text[address->local_len] = '@';
	put_lower(address->text + address->local_len + 1, domain, domain_len);
	address->len = address->local_len + 1 + domain_len;
	address->text[address->len] = '\0';
}

const char *
address_parse(struct address *address, const char *text, size_t len)
{
	const char *at = NULL, *why = check_bytes(text, len);
	size_t local, domain;

	if (why == NULL)
		why = find_at(text, len, &at);
	if (why != NULL)
		return why;
	local = (size_t)(at - text);
	domain = len - local - 1;
	address->kind = local > 0 ? ADDRESS_MAILBOX : ADDRESS_CATCHALL;
	if (local > PLUS_LEN && memcmp(at - PLUS_LEN, PLUS, PLUS_LEN) == 0) {
		address->kind = ADDRESS_PLUS;
		local -= PLUS_LEN;
	}
	if (memchr(text, '\\', local) != NULL)
		return "a regular expression other than user\\+.*@domain";
	if (local + 1 + domain > ADDRESS_MAX)
		return "over 254 octets";
	why = check_local(text, local);
	if (why == NULL)
		why = check_domain(at + 1, domain);
	address->local_len = local;
	if (why == NULL)
		fill(address, text, at + 1, domain);
	return why;
}
