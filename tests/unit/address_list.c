/* address, address_list: which lines are entries, and how they are read. */
#include "tools/gateway/address_list.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"
#include "tools/gateway/address.h"
#include "tools/gateway/string_set.h"

#define D63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define L64 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz."

static const struct {
	const char *text;
	const char *key; /* NULL: none */
	enum address_kind kind;
} valid[] = {
    {"user@domain.tld", "user@domain.tld", ADDRESS_MAILBOX},
    {"User@Domain.TLD", "user@domain.tld", ADDRESS_MAILBOX},
    {"o'hara@domain.tld", "o'hara@domain.tld", ADDRESS_MAILBOX},
    {"a.b.c@d-e.f", "a.b.c@d-e.f", ADDRESS_MAILBOX},
    {"!#$%&'*+-/=?^_`{|}~@d.e", "!#$%&'*+-/=?^_`{|}~@d.e", ADDRESS_MAILBOX},
    {"ann+tag@d.e", "ann+tag@d.e", ADDRESS_MAILBOX},
    {"}@d.e", "}@d.e", ADDRESS_MAILBOX},
    {"1@2.3", "1@2.3", ADDRESS_MAILBOX},
    {"@Catch.tld", "@catch.tld", ADDRESS_CATCHALL},
    {"Ann\\+.*@domain.tld", "ann@domain.tld", ADDRESS_PLUS},
    {"bob.b\\+.*@d.e", "bob.b@d.e", ADDRESS_PLUS},
    {"x@" D63 ".e", "x@" D63 ".e", ADDRESS_MAILBOX},
};

static const struct {
	const char *text;
	const char *why;
} invalid[] = {
    {"", "no @"},
    {"not", "no @"},
    {"a@b@c.d", "two @"},
    {"@@c.d", "two @"},
    {"\"a b\"@c.d", "a quoted local part"},
    {"\"a@b\"@c.d", "a quoted local part"},
    {"j\xc3\xb6rg@c.d", "not ASCII"},
    {"a@\xe4.d", "not ASCII"},
    {"a\rb@c.d", "a control character"},
    {"a\x7f@c.d", "a control character"},
    {"@", "an empty label in the domain"},
    {"a@", "an empty label in the domain"},
    {"a@.d", "an empty label in the domain"},
    {"a@c.d.", "an empty label in the domain"},
    {"a@c..d", "an empty label in the domain"},
    {"a@localhost", "no dot in the domain"},
    {"@tld", "no dot in the domain"},
    {"a@[192.0.2.1]", "not only letters, digits and hyphens in the domain"},
    {"a@c_d.e", "not only letters, digits and hyphens in the domain"},
    {"a@c.d,b", "not only letters, digits and hyphens in the domain"},
    {"a@c.d}", "not only letters, digits and hyphens in the domain"},
    {"a@$c.d", "not only letters, digits and hyphens in the domain"},
    {"a@-c.d", "a hyphen at the end of a label of the domain"},
    {"a@c.d-", "a hyphen at the end of a label of the domain"},
    {"a@x" D63 ".d", "over 63 octets in a label of the domain"},
    {".a@c.d", "a dot that separates nothing before the @"},
    {"a.@c.d", "a dot that separates nothing before the @"},
    {"a..b@c.d", "a dot that separates nothing before the @"},
    {"$(x)@c.d", "a character before the @ that needs quotes"},
    {"a,b@c.d", "a character before the @ that needs quotes"},
    {"<a@c.d>", "a character before the @ that needs quotes"},
    {L64 "a@c.d", "over 64 octets before the @"},
    {"a\\.b@c.d", "a regular expression other than user\\+.*@domain"},
    {"\\+.*@c.d", "a regular expression other than user\\+.*@domain"},
    {"a\\+@c.d", "a regular expression other than user\\+.*@domain"},
    {"a\\+.*b@c.d", "a regular expression other than user\\+.*@domain"},
    {"a\\+.*\\+.*@c.d", "a regular expression other than user\\+.*@domain"},
    {".*@c.d", "a dot that separates nothing before the @"},
};

static void
test_address(void)
{
	struct address address;

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		const char *text = valid[i].text;

		if (!is_str(address_parse(&address, text, strlen(text)), NULL,
			    "%s is an entry", text))
			continue;
		is_str(address.text, valid[i].key, "its key");
		is_int(address.kind, valid[i].kind, "its kind");
		is_str(address_domain(&address), strchr(valid[i].key, '@') + 1,
		       "its domain");
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		is_str(address_parse(&address, invalid[i].text,
				     strlen(invalid[i].text)),
		       invalid[i].why, "%s is no entry", invalid[i].text);
	is_str(address_parse(&address, "a\0b@c.d", 7), "a NUL", "a NUL");
}

/* The length that counts is that of the address, not of what marks it. */
static void
test_limits(void)
{
	static const char *const ends[] = {"@", "\\+.*@"};
	struct address address;
	char text[512];

	for (size_t i = 0; i < 2; i++)
		for (int local = 62; local <= 65; local++) {
			int len = snprintf(
			    text, sizeof(text), "%.*s%s%s.%s.%s", local,
			    "abcdefghijklmnopqrstuvwxyz0123456789-"
			    "abcdefghijklmnopqrstuvwxyz01234",
			    ends[i], D63, D63, &D63[2]);
			const char *why =
			    address_parse(&address, text, (size_t)len);

			is_str(why, local <= 64 ? NULL : "over 254 octets",
			       "%d octets and %s", local, ends[i]);
		}
	memcpy(text, L64, 64);
	text[63] = 'x';
	memcpy(text + 64, "@c.d", 4);
	is_str(address_parse(&address, text, 68), NULL,
	       "64 octets before the @");
}

static const char *
add(struct address_list *list, const char *text)
{
	return address_list_add(list, text, strlen(text));
}

static void
test_list(void)
{
	struct address_list *list = address_list_new();

	is_str(add(list, "b@c.d"), NULL, "a mailbox");
	is_str(add(list, "B@C.D"), NULL, "the same again");
	is_str(add(list, "b\\+.*@c.d"), NULL, "its plus addressing");
	is_str(add(list, "a\\+.*@e.f"), NULL, "and that of somebody else");
	is_str(add(list, "a\\+.*@c.d"), NULL, "and of a third");
	is_str(add(list, "a\\+.*@c.d"), NULL, "twice");
	is_str(add(list, "@a.b"), NULL, "a catch-all");
	is_str(add(list, "a@b@c"), "two @", "what is not an entry");
	is_int((long long)string_set_count(list->keys), 2, "two keys");
	is_int((long long)string_set_count(list->plus), 3, "three users");
	is_int((long long)string_set_count(list->catchalls), 1, "a catch-all");
	is_int((long long)string_set_count(list->domains), 3, "three domains");
	is_int((long long)list->duplicates, 2, "two duplicates");
	address_list_sort(list);
	string_set_sort(list->keys);
	is_str(string_set_at(list->keys, 0), "@a.b", "the first key");
	is_str(string_set_at(list->keys, 1), "b@c.d", "the second");
	is_str(string_set_at(list->plus, 0), "c.d a", "by domain, then user");
	is_str(string_set_at(list->plus, 1), "c.d b", "the second user");
	is_str(string_set_at(list->plus, 2), "e.f a", "the third");
	is_str(string_set_at(list->catchalls, 0), "a.b", "the catch-all");
	address_list_free(&list);
	ok(list == NULL, "free");
}

int
main(void)
{
	test_address();
	test_limits();
	test_list();
	return tap_done();
}
