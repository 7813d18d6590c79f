#include "tools/gateway/plus_table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tools/gateway/string_set.h"

enum { ALTERNATIVES = 100 };

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
	fputs("/^(", out);
	for (size_t i = at; i < at + n; i++) {
		const char *user = string_set_at(users, i) + domain_len + 1;

		if (i > at)
			putc('|', out);
		write_escaped(out, user, strlen(user));
	}
	fputs(")\\+[^@]*@[^@]*$/ ok\n", out);
}

/* The block of one domain. Returns the number of its users. */
static size_t
write_block(FILE *out, const struct string_set *users, size_t at)
{
	const char *domain = string_set_at(users, at);
	size_t len = strcspn(domain, " "), begin = at, n;

	fputs("if /@", out);
	write_escaped(out, domain, len);
	fputs("$/\n", out);
	do {
		n = rule_size(users, at, len);
		write_rule(out, users, at, n, len);
		at += n;
	} while (at < string_set_count(users) &&
		 strncmp(string_set_at(users, at), domain, len + 1) == 0);
	fputs("endif\n", out);
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
