/* relay_forms and relay_names: each form, with its names in their places; which
 * names are taken, and from whom. */
#include "tools/relaycheck/relay_forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/tap.h"
#include "tools/relaycheck/relay_names.h"

/* For a server mail.o.example with the domains o.example and r.example, which
 * it relays for, at 192.0.2.1. "" is the plain sender or recipient. */
#define S "<relay-check@example.org>"
#define T "<relay-check@example.com>"
static const struct {
	const char *group, *helo, *sender, *recipient, *tail;
} expected[] = {
    {"plain", NULL, S, T, NULL},
    {"sender", NULL, "<relay-check@example.com>", T, NULL},
    {"sender", NULL, "<>", T, NULL},
    {"sender", NULL, "<relay-check@o.example>", T, NULL},
    {"sender", NULL, "<relay-check@r.example>", T, NULL},
    {"sender", NULL, "<relay-check@mail.o.example>", T, NULL},
    {"sender", NULL, "<relay-check@localhost>", T, NULL},
    {"sender", NULL, "<relay-check@[192.0.2.1]>", T, NULL},
    {"sender", NULL, "<relay-check>", T, NULL},
    {"sender", NULL, "<example.org!relay-check>", T, NULL},
    {"sender", NULL, "<postmaster@o.example>", T, NULL},
    {"sender", NULL, "<postmaster@r.example>", T, NULL},
    {"helo", "mail.o.example", S, T, NULL},
    {"helo", "o.example", S, T, NULL},
    {"helo", "r.example", S, T, NULL},
    {"helo", "localhost", S, T, NULL},
    {"helo", "[127.0.0.1]", S, T, NULL},
    {"percent", NULL, S, "<relay-check%example.com@o.example>", "@o.example"},
    {"percent", NULL, S, "<relay-check%example.com@r.example>", NULL},
    {"percent", NULL, S, "<relay-check%example.com@mail.o.example>",
     "@mail.o.example"},
    {"percent", NULL, S, "<relay-check%example.com@[192.0.2.1]>",
     "@[192.0.2.1]"},
    {"percent", NULL, S, "<relay-check%example.com>", ""},
    {"percent", NULL, S, "<relay-check%example.com@localhost>", "@localhost"},
    {"quoted", NULL, S, "<\"relay-check@example.com\">", ""},
    {"quoted", NULL, S, "<\"relay-check%example.com\">", ""},
    {"quoted", NULL, S, "<\"relay-check@example.com\"@o.example>",
     "@o.example"},
    {"quoted", NULL, S, "<\"relay-check@example.com\"@r.example>", NULL},
    {"quoted", NULL, S, "<\"relay-check@example.com\"@[192.0.2.1]>",
     "@[192.0.2.1]"},
    {"two @", NULL, S, "<relay-check@example.com@o.example>", "@o.example"},
    {"two @", NULL, S, "<relay-check@example.com@r.example>", NULL},
    {"two @", NULL, S, "<relay-check@example.com@mail.o.example>",
     "@mail.o.example"},
    {"two @", NULL, S, "<relay-check@example.com@[192.0.2.1]>", "@[192.0.2.1]"},
    {"route", NULL, S, "<@o.example:relay-check@example.com>", NULL},
    {"route", NULL, S, "<@r.example:relay-check@example.com>", NULL},
    {"route", NULL, S, "<@mail.o.example:relay-check@example.com>", NULL},
    {"route", NULL, S, "<@[192.0.2.1]:relay-check@example.com>", NULL},
    {"bang", NULL, S, "<example.com!relay-check>", ""},
    {"bang", NULL, S, "<example.com!relay-check@o.example>", "@o.example"},
    {"bang", NULL, S, "<example.com!relay-check@r.example>", NULL},
    {"bang", NULL, S, "<example.com!relay-check@mail.o.example>",
     "@mail.o.example"},
    {"bang", NULL, S, "<example.com!relay-check@[192.0.2.1]>", "@[192.0.2.1]"},
    {"bang", NULL, S, "<o.example!relay-check@example.com>", NULL},
    {"bang", NULL, S, "<r.example!relay-check@example.com>", NULL},
    {"syntax", NULL, S, "relay-check@example.com", NULL},
    {"syntax", NULL, S, " <relay-check@example.com>", NULL},
    {"syntax", NULL, S, "<relay-check@example.com.>", NULL},
    {"syntax", NULL, S, "<relay-check@[192.0.2.1]>", NULL},
    {"pattern", NULL, S, "<relay-check@evilo.example>", NULL},
    {"pattern", NULL, S, "<relay-check@evilr.example>", NULL},
    {"pattern", NULL, S, "<relay-check@o.example.example.com>", NULL},
    {"pattern", NULL, S, "<relay-check@r.example.example.com>", NULL},
};

static struct addr
address(const char *text)
{
	struct addr addr = {0};

	addr_parse(&addr, text, strlen(text));
	return addr;
}

static int
complete(struct relay_names *names, const char *greeting)
{
	struct addr server = address("192.0.2.1");
	struct err err;

	return relay_names_complete(names, greeting, &server, &err);
}

static const char *
shown(const char *text)
{
	return text != NULL ? text : "(null)";
}

static void
check_forms(void)
{
	struct relay_names names = {0};
	struct relay_forms forms;
	size_t count = sizeof(expected) / sizeof(*expected), i;

	relay_names_add(&names, &names.relayed, "r.example");
	is_int(complete(&names, "mail.o.example ESMTP Postfix"), 0, "names");
	relay_forms_make(&forms, &names);
	is_int((long long)forms.count, (long long)count, "%zu forms", count);
	for (i = 0; i < count && i < forms.count; i++) {
		const struct relay_form *form = &forms.list[i];

		is_str(form->group, expected[i].group, "form %zu: group", i);
		is_str(shown(form->helo), shown(expected[i].helo),
		       "form %zu: HELO", i);
		is_str(form->sender, expected[i].sender, "form %zu: sender", i);
		is_str(form->recipient, expected[i].recipient,
		       "form %zu: recipient", i);
		is_str(shown(form->tail), shown(expected[i].tail),
		       "form %zu: where it ends", i);
		is_int(form->any_sender,
		       i > 0 && strcmp(form->group, "sender") != 0,
		       "form %zu: whether the sender matters", i);
	}
	relay_forms_clear(&forms);
	relay_names_clear(&names);
}

static const struct {
	const char *greeting, *host, *own; /* "" has none */
} greetings[] = {
    {"mail.example.org ESMTP Postfix", "mail.example.org", "example.org"},
    {"MAIL.Example.ORG", "mail.example.org", "example.org"},
    {"example.org ready", "", "example.org"}, /* the domain itself */
    {"a.b.example.org", "a.b.example.org", "b.example.org"},
    {"ESMTP ready", "", ""},
    {"", "", ""},
    {"[192.0.2.1] ready", "", ""},
    {"mail.example.org\rDATA", "", ""},
    {"mail..example.org x", "", ""},
    {"mail.example.org>x", "", ""},
    {"-mail.example.org", "", ""},
    {"m\xc3\xa4il.example.org", "", ""},
};

static void
check_greetings(void)
{
	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++) {
		struct relay_names names = {0};

		is_int(complete(&names, greetings[i].greeting), 0,
		       "greeting %zu", i);
		is_str(names.host, greetings[i].host,
		       "greeting %zu: the server's name", i);
		is_str(names.own.count ? names.own.list[0] : "",
		       greetings[i].own, "greeting %zu: its domain", i);
		relay_names_clear(&names);
	}
}

static void
check_long_greeting(void)
{
	struct relay_names names = {0};
	char greeting[1000];

	for (size_t i = 0; i < sizeof(greeting); i++)
		greeting[i] = i % 60 == 59 ? '.' : 'a';
	greeting[sizeof(greeting) - 1] = '\0';
	is_int(complete(&names, greeting), 0, "a name of 999 letters");
	is_str(names.host, "", "is not taken");
	relay_names_clear(&names);
}

static void
check_conflict(void)
{
	struct relay_names names = {0};

	is_int(complete(&names, "mail.example.com x"), -1,
	       "the foreign domain may not be the server's");
	relay_names_clear(&names);
	is_str(relay_names_set_recipient(&names, "Bob@Foreign.example"), NULL,
	       "--to");
	is_int(complete(&names, "mail.example.com x"), 0, "is then asked for");
	is_str(names.user, "bob", "its user");
	is_str(names.foreign, "foreign.example", "its domain");
	is_str(names.other, "example.org", "and another one for the sender");
	relay_names_clear(&names);
	is_int(complete(&names, "mail.example.org x"), 0, "names");
	is_str(names.other, "example.net",
	       "a sender's domain that is not the server's");
	relay_names_clear(&names);
}

static void
check_refused(void)
{
	static const char *const recipients[] = {
	    "bob", "@foreign.example", "bob\\+.*@foreign.example", "",
	    "\"b b\"@foreign.example", "bob@foreign.example>\r\nDATA"};
	static const char *const domains[] = {"", "localhost", "o.example>",
					      "a b.example", "o.example\r\nx"};
	struct relay_names names = {0};

	for (size_t i = 0; i < sizeof(recipients) / sizeof(*recipients); i++)
		ok(relay_names_set_recipient(&names, recipients[i]) != NULL,
		   "recipient %zu is refused", i);
	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		ok(relay_names_add(&names, &names.own, domains[i]) != NULL,
		   "domain %zu is refused", i);
	relay_names_clear(&names);
}

static void
check_number(void)
{
	struct relay_names names = {0};
	char domain[32];
	int refused = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		refused += relay_names_add(&names, &names.own, domain) != NULL;
	}
	is_int(refused, 4, "no more than 16 domains");
	is_str(relay_names_add(&names, &names.own, "D0.example"), NULL,
	       "one that is known");
	is_int((long long)names.own.count, 16, "is not taken twice");
	relay_names_clear(&names);
}

static void
check_literals(void)
{
	struct addr four = address("192.0.2.1"), six = address("2001:db8::1");
	char *a = relay_literal(&four), *b = relay_literal(&six);

	is_str(a, "[192.0.2.1]", "an address literal");
	is_str(b, "[IPv6:2001:db8::1]", "one of IPv6");
	free(a);
	free(b);
}

int
main(void)
{
	check_forms();
	check_greetings();
	check_long_greeting();
	check_conflict();
	check_refused();
	check_number();
	check_literals();
	return tap_done();
}
