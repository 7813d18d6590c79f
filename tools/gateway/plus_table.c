#include "tools/gateway/plus_table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/gateway/address.h"
#include "tools/gateway/string_set.h"

enum { ALTERNATIVES = 100 };

static const char BLOCK[] = "if /@", BLOCK_END[] = "$/\n", END[] = "endif\n",
		  RULE[] = "/^(", RULE_END[] = ")\\+[^@]*@[^@]*$/ ok\n";

/* Both engines read the bytes as themselves. */
static void
write_escaped(FILE *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\0' &&
		    strchr(".*+?()[]{}^$|/\\", bytes[i]) != NULL)
			putc('\\', out);
		putc(bytes[i], out);
	}
}

/* The number of users from number `at` on that go into the same rule. */
static size_t
rule_size(const struct string_set *users, size_t at, size_t domain_len)
{
	const char *first = string_set_at(users, at);
	size_t n = 1;

	while (n < ALTERNATIVES && at + n < string_set_count(users) &&
	       strncmp(string_set_at(users, at + n), first, domain_len + 1) ==
		   0)
		n++;
	return n;
}

static void
write_rule(FILE *out, const struct string_set *users, size_t at, size_t n,
	   size_t domain_len)
{
	fputs(RULE, out);
	for (size_t i = at; i < at + n; i++) {
		const char *user = string_set_at(users, i) + domain_len + 1;

		if (i > at)
			putc('|', out);
		write_escaped(out, user, strlen(user));
	}
	fputs(RULE_END, out);
}

/* The block of one domain. Returns the number of its users. */
static size_t
write_block(FILE *out, const struct string_set *users, size_t at)
{
	const char *domain = string_set_at(users, at);
	size_t len = strcspn(domain, " "), begin = at, n;

	fputs(BLOCK, out);
	write_escaped(out, domain, len);
	fputs(BLOCK_END, out);
	do {
		n = rule_size(users, at, len);
		write_rule(out, users, at, n, len);
		at += n;
	} while (at < string_set_count(users) &&
		 strncmp(string_set_at(users, at), domain, len + 1) == 0);
	fputs(END, out);
	return at - begin;
}

char *
plus_table_text(const struct string_set *users, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	assert(out != NULL);
	for (size_t at = 0; at < string_set_count(users);)
		at += write_block(out, users, at);
	fclose(out);
	assert(text != NULL);
	return text;
}

/* ---- reading ---- */

/* Whether the text goes on with this; if so, *at is after it. */
static bool
skip(const char **at, const char *text)
{
	size_t len = strlen(text);
	bool found = strncmp(*at, text, len) == 0;

	*at += found ? len : 0;
	return found;
}

/* Takes the escapes out of what is before an unescaped `|', `)' or `$'. Returns
 * the length, or 0: there is nothing, or too much. */
static size_t
unescape(const char **at, char out[ADDRESS_MAX + 1])
{
	size_t len = 0;

	for (; **at != '\0' && strchr("|)$\n", **at) == NULL; ++*at) {
		*at += **at == '\\';
		if (**at == '\0' || len == ADDRESS_MAX)
			return 0;
		out[len++] = **at;
	}
	out[len] = '\0';
	return len;
}

static int
parse_rule(const char **at, const char *domain, struct string_set *users)
{
	char user[ADDRESS_MAX + 1], text[2 * ADDRESS_MAX + 2];
	int len;

	do {
		if (unescape(at, user) == 0)
			return -1;
		len = snprintf(text, sizeof(text), "%s %s", domain, user);
		string_set_add(users, text, (size_t)len);
	} while (skip(at, "|"));
	return skip(at, RULE_END) ? 0 : -1;
}

int
plus_table_parse(const char *text, struct string_set *users)
{
	char domain[ADDRESS_MAX + 1];

	while (*text != '\0') {
		if (!skip(&text, BLOCK) || unescape(&text, domain) == 0 ||
		    !skip(&text, BLOCK_END))
			return -1;
		while (skip(&text, RULE))
			if (parse_rule(&text, domain, users) < 0)
				return -1;
		if (!skip(&text, END))
			return -1;
	}
	return 0;
}
