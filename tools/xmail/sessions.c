/* Who may relay by a login, what a session must do, how large a message may
 * be. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/integer.h"
#include "tools/xmail/xmail.h"

/* After eleven days, an address may well have another user. */
enum { POP_SECONDS = 900, POP_SECONDS_MAX = 999999 };

static const char BLANKS[] = " \t";

/* What follows the last -Se, to be freed; "" if nothing does. NULL: there is no
 * -Se. */
static char *
pop_argument(const char *arguments)
{
	const char *found = NULL, *at = arguments != NULL ? arguments : "";

	for (at += strspn(at, BLANKS); *at != '\0';
	     at += strcspn(at, BLANKS), at += strspn(at, BLANKS))
		if (strncmp(at, "-Se", 3) == 0)
			found = at + 3;
	if (found == NULL)
		return NULL;
	found += strspn(found, BLANKS);
	return alloc_bytes(found, strcspn(found, BLANKS));
}

/* XMail's -Se; -1: it is not a number, which has been reported. */
static long long
pop_seconds(struct xmail *xmail)
{
	char *argument = pop_argument(xmail->arguments);
	long long seconds = POP_SECONDS;

	if (argument != NULL &&
	    integer_parse(argument, 1, POP_SECONDS_MAX, &seconds) != 0) {
		remark_lost(&xmail->remarks, (struct place){"--xmail-args", 0},
			    "-Se: '%s' is not a number of seconds from 1 to "
			    "%d: without `grace', a login counts for as long "
			    "as pop-before-smtp(8) says",
			    shown(argument).text, POP_SECONDS_MAX);
		seconds = -1;
	}
	free(argument);
	return seconds;
}

static void
write_settings(struct xmail *xmail)
{
	FILE *out = outset_stream(xmail->out, "settings");
	long long seconds = pop_seconds(xmail);

	fputs("# For pop-before-smtp.yaml. XMail let a client relay for so "
	      "long after its\n# POP3 login (-Se), with the address of that "
	      "account as the sender.\n",
	      out);
	if (seconds > 0)
		fprintf(out, "grace: %lld\n", seconds);
	fputs("# In effect once a policy: map is among the maps, and main.cf "
	      "asks it.\n"
	      "policy:\n"
	      "  sender_binding: always\n",
	      out);
}

static void
write_relay_restrictions(struct xmail *xmail, bool pop, struct place place)
{
	FILE *out = outset_stream(xmail->out, "main.cf");
	struct place nowhere = {NULL, 0};
	struct maincf_value value = {0};

	maincf_add(&value, nowhere, "permit_mynetworks");
	maincf_add(&value, nowhere, "permit_sasl_authenticated");
	if (pop)
		maincf_add(&value, place, "check_client_access %s", xmail->map);
	maincf_add(&value, nowhere, "reject_unauth_destination");
	if (pop)
		maincf_comment(out,
			       "XMail let a client relay with its "
			       "account's own sender only. For that, replace "
			       "check_client_access by check_policy_service: "
			       "POLICY in pop-before-smtp(8).");
	maincf_write(out, "smtpd_relay_restrictions", &value, true);
}

static void
add_logins(struct xmail *xmail)
{
	struct place place, perms_place, nowhere = {NULL, 0};
	int pop = xmail_pop_logins(xmail, &place);
	const char *perms =
	    xmail_variable(xmail, "DefaultSmtpPerms", &perms_place);
	bool relays = perms == NULL || strchr(perms, 'R') != NULL;
	struct maincf_value value = {0};

	if (!relays)
		remark(&xmail->remarks, perms_place,
		       "DefaultSmtpPerms has no R: a POP3 login lets nobody "
		       "relay");
	if (pop > 0 && relays)
		write_settings(xmail);
	write_relay_restrictions(xmail, pop > 0 && relays,
				 xmail_place(xmail, place));
	if (pop != 0)
		return;
	maincf_comment(outset_stream(xmail->out, "main.cf"),
		       "Needs a SASL server: smtpd_sasl_type and "
		       "smtpd_sasl_path.");
	maincf_source(&value, xmail_place(xmail, place));
	maincf_add(&value, nowhere, "yes");
	maincf_write(outset_stream(xmail->out, "main.cf"),
		     "smtpd_sasl_auth_enable", &value, true);
}

/* Everything needs a login: also mail from outside, hence as a comment. */
static void
write_mail_auth(struct xmail *xmail, struct place place)
{
	FILE *out = outset_stream(xmail->out, "main.cf");
	struct maincf_value value = {0};

	maincf_comment(out, "mail-auth: with this, mail from outside ends, as "
			    "other servers do not log in.");
	maincf_add(&value, place, "permit_sasl_authenticated");
	maincf_add(&value, place, "check_client_access %s", xmail->map);
	maincf_add(&value, place, "reject");
	maincf_write(out, "smtpd_client_restrictions", &value, false);
}

static void
write_want_tls(struct xmail *xmail, struct place place)
{
	FILE *out = outset_stream(xmail->out, "main.cf");
	struct maincf_value value = {0};

	maincf_comment(out, "WantTLS: with this, mail from servers without TLS "
			    "ends; it needs smtpd_tls_chain_files.");
	maincf_add(&value, place, "encrypt");
	maincf_write(out, "smtpd_tls_security_level", &value, false);
}

static void
add_option(struct xmail *xmail, char *option, struct place place)
{
	char *value = strchr(option, '=');
	long long on = 1;

	if (value != NULL)
		*value = '\0';
	if (value != NULL &&
	    integer_parse(value + 1, INT_MIN, INT_MAX, &on) != 0) {
		remark_lost(&xmail->remarks, place,
			    "SmtpConfig: %s: is not carried over: '%s' is not "
			    "a number",
			    shown(option).text, shown(value + 1).text);
		return;
	}
	if (strcmp(option, "mail-auth") == 0 ||
	    strcmp(option, "MailAuth") == 0) {
		if (on)
			write_mail_auth(xmail, xmail_place(xmail, place));
	} else if (strcmp(option, "WantTLS") == 0) {
		if (on)
			write_want_tls(xmail, xmail_place(xmail, place));
	} else {
		remark_lost(&xmail->remarks, place,
			    "SmtpConfig: %s: is not carried over",
			    shown(option).text);
		return;
	}
	if (on)
		remark(&xmail->remarks, place,
		       "SmtpConfig: %s: is only a comment in main.cf, since "
		       "it would end mail from outside",
		       option);
}

static void
add_options(struct xmail *xmail)
{
	struct place place;
	const char *value = xmail_variable(xmail, "SmtpConfig", &place);
	char *copy, *rest, *option;

	if (value == NULL)
		return;
	rest = copy = alloc_string(value);
	while ((option = strtok_r(rest, ", ", &rest)) != NULL)
		add_option(xmail, option, place);
	free(copy);
}

/* In KB; 0 is no limit. */
static void
add_message_size(struct xmail *xmail)
{
	struct place place;
	const char *value = xmail_variable(xmail, "MaxMessageSize", &place);
	long long size;

	if (value == NULL)
		return;
	if (integer_parse(value, 0, INT64_MAX / 1024 / 1024, &size) != 0) {
		remark_lost(&xmail->remarks, place,
			    "MaxMessageSize: is not carried over: '%s' is not "
			    "a size in KB",
			    shown(value).text);
		return;
	}
	maincf_message_size(outset_stream(xmail->out, "main.cf"), size * 1024,
			    xmail_place(xmail, place));
}

void
xmail_sessions(struct xmail *xmail)
{
	add_logins(xmail);
	add_options(xmail);
	add_message_size(xmail);
}
