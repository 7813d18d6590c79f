/* The answers to smtpd: by address, by sender, for shared addresses, and when
 * a limit is reached. The test sets the clock. */
#include "maps/live/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

static char file[] = "/tmp/pbs-policy.XXXXXX";
static char action[] = "OK", limit_action[] = "DEFER too many";

struct question {
	const char *sender, *users; /* "ann bob"; NULL = not authorized */
	const char *client, *instance, *recipient;
	enum policy_state state;
	uint32_t recipients;
};

static struct policy_settings
settings(void)
{
	return (struct policy_settings){.action = action,
					.limit_action = limit_action,
					.window = 3600,
					.count_at = POLICY_RCPT};
}

static struct policy *
new_policy(const struct policy_settings *s)
{
	struct err err;
	struct policy *p = policy_new(s, 0, &err);

	if (p == NULL)
		printf("# %s\n", err.text);
	return p;
}

static struct policy_text
text(const char *value)
{
	return (struct policy_text){value, value ? strlen(value) : 0};
}

static struct policy_answer
ask_at(struct policy *p, struct question q, int64_t now)
{
	struct policy_request r = {.state = q.state ? q.state : POLICY_RCPT,
				   .sender = text(q.sender),
				   .instance = text(q.instance),
				   .recipient = text(q.recipient),
				   .recipient_count = q.recipients};
	static char words[200];
	static const char *names[32];
	struct policy_users who = {.names = names,
				   .authorized = q.users != NULL};
	const char *client = q.client ? q.client : "192.0.2.7";

	addr_parse(&r.client, client, strlen(client));
	snprintf(words, sizeof(words), "%s", q.users ? q.users : "");
	for (char *word = strtok(words, " "); word != NULL;
	     word = strtok(NULL, " "))
		names[who.count++] = word;
	return policy_decide(p, &r, &who, now);
}

static const char *
ask(struct policy *p, struct question q)
{
	return ask_at(p, q, 100).action;
}

#define SAYS(p, want, name, ...) \
	is_str(ask(p, (struct question){__VA_ARGS__}), want, name)

static void
by_address(void)
{
	struct policy_settings s = settings();
	struct policy *p = new_policy(&s);

	SAYS(p, "DUNNO", "a stranger", .sender = "ann@example.org");
	SAYS(p, "OK", "who logged in", .sender = "ann@example.org",
	     .users = "ann");
	SAYS(p, "OK", "under any sender", .sender = "x@y", .users = "ann");
	SAYS(p, "OK", "before there is one", .users = "ann",
	     .state = POLICY_CONNECT);
	SAYS(p, "OK", "a login without a name", .sender = "x@y", .users = "");
	policy_free(&p);
	ok(p == NULL, "free clears the pointer");
}

static void
by_sender(void)
{
	struct policy_settings s = settings();
	struct policy *p;

	s.binding = POLICY_BINDING_ALWAYS;
	strings_add(&s.domains, "example.org");
	strings_add(&s.domains, "Example.NET");
	p = new_policy(&s);
	SAYS(p, "OK", "at a domain of ours", .sender = "ann@example.org",
	     .users = "ann");
	SAYS(p, "OK", "at another one, in any case",
	     .sender = "Ann@EXAMPLE.net", .users = "ann");
	SAYS(p, "DUNNO", "at a foreign domain", .sender = "ann@example.com",
	     .users = "ann");
	SAYS(p, "DUNNO", "somebody else", .sender = "bob@example.org",
	     .users = "ann");
	SAYS(p, "DUNNO", "a longer name", .sender = "anna@example.org",
	     .users = "ann");
	SAYS(p, "DUNNO", "a shorter name", .sender = "an@example.org",
	     .users = "ann");
	SAYS(p, "OK", "one of several", .sender = "bob@example.org",
	     .users = "ann bob");
	SAYS(p, "OK", "the user is the address", .sender = "Eve@Else.example",
	     .users = "eve@else.example");
	SAYS(p, "DUNNO", "but no other", .sender = "ann@else.example",
	     .users = "eve@else.example");
	SAYS(p, "DUNNO", "a stranger stays one", .sender = "ann@example.org");
	SAYS(p, "DUNNO", "the null sender is nobody's", .sender = "",
	     .users = "ann");
	SAYS(p, "DUNNO", "no sender yet", .users = "ann",
	     .state = POLICY_CONNECT);
	SAYS(p, "DUNNO", "a sender without a domain", .sender = "ann",
	     .users = "ann");
	SAYS(p, "DUNNO", "or with no domain after the @", .sender = "ann@",
	     .users = "ann");
	SAYS(p, "DUNNO", "a login without a name", .sender = "@example.org",
	     .users = "");
	s.null_sender = true;
	SAYS(p, "OK", "the null sender if all may have it", .sender = "",
	     .users = "ann");
	is_str(ask_at(p,
		      (struct question){.sender = "bob@example.org",
					.users = "ann bob"},
		      1)
		   .user,
	       "bob", "the sender says who sends");
	policy_free(&p);
	strings_clear(&s.domains);
}

static void
by_extension(void)
{
	static char plus[] = "+", both[] = "-+";
	struct policy_settings s = settings();
	struct policy *p;
	FILE *f = fopen(file, "w");

	fputs("office+x@example.org bob\noffice@example.org ann\n"
	      "info+x carol\ninfo dora\n@example.com eve\n",
	      f);
	fclose(f);
	s.binding = POLICY_BINDING_ALWAYS;
	s.sender_logins = file;
	strings_add(&s.domains, "example.org");
	p = new_policy(&s);
	SAYS(p, "DUNNO", "no delimiter, no extension",
	     .sender = "ann+tag@example.org", .users = "ann");
	s.recipient_delimiter = plus;
	SAYS(p, "OK", "an extension", .sender = "ann+tag@example.org",
	     .users = "ann");
	SAYS(p, "OK", "of two, the first delimiter counts",
	     .sender = "ann+b+c@example.org", .users = "ann");
	SAYS(p, "OK", "an empty one", .sender = "ann+@example.org",
	     .users = "ann");
	SAYS(p, "OK", "a user with a domain", .sender = "Ann+tag@else.example",
	     .users = "ann@else.example");
	SAYS(p, "OK", "a user called so", .sender = "ann+tag@example.org",
	     .users = "ann+tag");
	SAYS(p, "DUNNO", "not the other way round", .sender = "ann@example.org",
	     .users = "ann+tag");
	SAYS(p, "DUNNO", "somebody else's", .sender = "bob+ann@example.org",
	     .users = "ann");
	SAYS(p, "DUNNO", "at a foreign domain", .sender = "ann+b@example.net",
	     .users = "ann");
	SAYS(p, "DUNNO", "nobody's", .sender = "+ann@example.org",
	     .users = "ann");
	SAYS(p, "OK", "listed with it", .sender = "office+x@example.org",
	     .users = "bob");
	SAYS(p, "DUNNO", "which comes first", .sender = "office+x@example.org",
	     .users = "ann");
	SAYS(p, "OK", "listed without", .sender = "office+y@example.org",
	     .users = "ann");
	SAYS(p, "OK", "the local part with it", .sender = "info+x@example.org",
	     .users = "carol");
	SAYS(p, "OK", "without", .sender = "info+y@example.org",
	     .users = "dora");
	SAYS(p, "DUNNO", "not at a foreign domain",
	     .sender = "info+y@example.com", .users = "dora");
	SAYS(p, "OK", "the domain last", .sender = "info+y@example.com",
	     .users = "eve");
	s.recipient_delimiter = both;
	SAYS(p, "OK", "each of several", .sender = "ann-tag@example.org",
	     .users = "ann");
	SAYS(p, "DUNNO", "a list's owner is nobody's",
	     .sender = "owner-ann@example.org", .users = "owner");
	SAYS(p, "DUNNO", "nor is its request",
	     .sender = "ann-request@example.org", .users = "ann");
	policy_free(&p);
	strings_clear(&s.domains);
}

static void
by_table(void)
{
	struct policy_settings s = settings();
	struct policy *p;
	struct err err;
	FILE *f = fopen(file, "w");

	fputs("office@example.org ann, bob\nann@example.org nobody\n"
	      "info carol\n<> robot\n",
	      f);
	fclose(f);
	s.binding = POLICY_BINDING_ALWAYS;
	s.sender_logins = file;
	strings_add(&s.domains, "example.org");
	p = new_policy(&s);
	SAYS(p, "OK", "listed", .sender = "office@example.org", .users = "bob");
	SAYS(p, "DUNNO", "not listed", .sender = "office@example.org",
	     .users = "carol");
	SAYS(p, "DUNNO", "what is listed is decided by the list alone",
	     .sender = "ann@example.org", .users = "ann");
	SAYS(p, "OK", "what is not listed goes by the domain",
	     .sender = "bob@example.org", .users = "bob");
	SAYS(p, "OK", "a local part at a domain of ours",
	     .sender = "info@example.org", .users = "carol");
	SAYS(p, "DUNNO", "not elsewhere", .sender = "info@example.com",
	     .users = "carol");
	SAYS(p, "OK", "the null sender, listed", .sender = "",
	     .users = "robot");
	s.null_sender = true;
	SAYS(p, "DUNNO", "and then for nobody else", .sender = "",
	     .users = "ann");
	f = fopen(file, "w");
	fputs("office@example.org carol\n", f);
	fclose(f);
	is_int(policy_refresh(p, 1, &err), 1, "the file is read again");
	is_int((long long)policy_senders(p), 1, "one sender");
	SAYS(p, "OK", "and counts", .sender = "office@example.org",
	     .users = "carol");
	policy_free(&p);
	f = fopen(file, "w");
	fputs("office@example.org\n", f);
	fclose(f);
	ok(policy_new(&s, 0, &err) == NULL && strstr(err.text, ":1: ") != NULL,
	   "a broken file: %s", err.text);
	strings_clear(&s.domains);
}

static void
shared(void)
{
	struct policy_settings s = settings();
	struct policy *p;

	s.shared_users = 2;
	strings_add(&s.domains, "example.org");
	p = new_policy(&s);
	SAYS(p, "OK", "two users are no crowd", .sender = "x@y",
	     .users = "ann bob");
	SAYS(p, "DUNNO", "three are: no longer any sender", .sender = "x@y",
	     .users = "ann bob carol");
	SAYS(p, "OK", "but their own", .sender = "carol@example.org",
	     .users = "ann bob carol");
	s.shared = POLICY_SHARED_REFUSE;
	SAYS(p, "DUNNO", "refused altogether", .sender = "carol@example.org",
	     .users = "ann bob carol");
	SAYS(p, "OK", "which two are not", .sender = "x@y", .users = "ann bob");
	policy_free(&p);
	strings_clear(&s.domains);
}

/* One recipient after the other; how many were let through. */
static int
send_many(struct policy *p, struct question q, int n, int64_t now)
{
	char recipient[20];
	int granted = 0;

	q.recipient = recipient;
	for (int i = 0; i < n; i++) {
		snprintf(recipient, sizeof(recipient), "r%d@x", i);
		granted += strcmp(ask_at(p, q, now).action, "OK") == 0;
	}
	return granted;
}

static void
limits(void)
{
	struct policy_settings s = settings();
	struct policy *p;
	struct question ann = {
	    .sender = "x@y", .users = "ann", .instance = "1"};
	struct question far = {.sender = "x@y",
			       .users = "Ann",
			       .instance = "2",
			       .client = "2001:db8::7"};
	struct question bob = {
	    .sender = "x@y", .users = "bob", .instance = "3"};

	s.user_recipients = 10;
	s.address_recipients = 15;
	p = new_policy(&s);
	is_int(send_many(p, ann, 20, 1000), 10, "a user's limit");
	is_int(send_many(p, far, 20, 1000), 0, "from anywhere");
	is_int(send_many(p, bob, 20, 1000), 5, "the address' limit");
	bob.client = "192.0.2.9";
	is_int(send_many(p, bob, 20, 1000), 5,
	       "what was refused is not counted");
	SAYS(p, limit_action, "the action for it", .sender = "x@y",
	     .users = "ann");
	is_int(send_many(p, ann, 20, 1000 + 3599), 0, "within the hour");
	is_int(send_many(p, ann, 20, 1000 + 3900), 10, "then again");
	bob = (struct question){.sender = "x@y",
				.users = "",
				.instance = "4",
				.client = "2001:db8:0:2::7"};
	is_int(send_many(p, bob, 12, 9000), 12, "an IPv6 address");
	bob.client = "2001:db8:0:2:ffff::8";
	is_int(send_many(p, bob, 12, 9000), 3, "counts with its network");
	bob.client = "2001:db8:0:3::7";
	is_int(send_many(p, bob, 12, 9000), 12, "not with the next");
	SAYS(p, "DUNNO", "a stranger is not counted", .sender = "x@y");
	policy_free(&p);
}

static void
asked_twice(void)
{
	struct policy_settings s = settings();
	struct policy *p;
	struct question q = {.sender = "x@y",
			     .users = "ann",
			     .instance = "1",
			     .recipient = "r@x"};
	int granted = 0;

	s.user_recipients = 2;
	p = new_policy(&s);
	for (int i = 0; i < 5; i++)
		granted += strcmp(ask(p, q), "OK") == 0;
	is_int(granted, 5, "the same question counts once");
	q.recipient = "other@x";
	is_str(ask(p, q), "OK", "another recipient is the second");
	q.recipient = "third@x";
	is_str(ask(p, q), limit_action, "a third is one too many");
	SAYS(p, limit_action, "before RCPT, too, when nothing is left",
	     .sender = "x@y", .users = "ann", .state = POLICY_MAIL);
	policy_free(&p);
}

static void
count_at_data(void)
{
	struct policy_settings s = settings();
	struct policy *p;
	struct question q = {.sender = "x@y", .users = "ann", .instance = "1"};

	s.user_recipients = 10;
	s.count_at = POLICY_DATA;
	p = new_policy(&s);
	is_int(send_many(p, q, 50, 1), 50, "RCPT counts nothing");
	q.state = POLICY_DATA;
	q.recipients = 8;
	is_str(ask(p, q), "OK", "eight at once");
	q.instance = "2";
	q.recipients = 3;
	is_str(ask(p, q), limit_action, "three more are too many");
	q.recipients = 2;
	is_str(ask(p, q), "OK", "two are not");
	q.state = POLICY_RCPT;
	is_str(ask(p, q), limit_action,
	       "RCPT gets that answer when nothing is left");
	policy_free(&p);
}

int
main(void)
{
	close(mkstemp(file));
	by_address();
	by_sender();
	by_extension();
	by_table();
	shared();
	limits();
	asked_twice();
	count_at_data();
	unlink(file);
	return tap_done();
}
