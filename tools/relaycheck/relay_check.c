/*
 * pbsctl relay-check: is one's own server an open relay?
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"
#include "base/log.h"
#include "tools/output/json.h"
#include "tools/relaycheck/relay_forms.h"
#include "tools/relaycheck/relay_names.h"
#include "tools/relaycheck/relay_probe.h"
#include "tools/relaycheck/relay_survey.h"
#include "tools/relaycheck/relay_target.h"
#include "tools/verb.h"

enum { CLOSED = 0, OPEN = 1, TEXT_MAX = 4 * SMTP_TEXT_MAX };

struct check {
	bool json, help;
	struct relay_target target;
	struct relay_names names;
	size_t counts[3]; /* by enum relay_verdict */
};

static const char *const verdicts[] = {
    [VERDICT_CLOSED] = "closed",
    [VERDICT_OPEN] = "open",
    [VERDICT_UNCLEAR] = "unclear",
};

static const char help[] =
    "usage: pbsctl relay-check [OPTION...] HOST[:PORT]\n"
    "\n"
    "Asks an SMTP server of yours, in every form that testers of open relays\n"
    "use, whether it would take a message for a foreign domain. Run it at an\n"
    "address that may not relay there. No message is sent.\n"
    "\n"
    "  --own DOMAIN         a domain with mailboxes on the server; may be\n"
    "                       repeated; default: by the name in the greeting\n"
    "  --relayed DOMAIN     a domain that it relays for; may be repeated\n"
    "  --source ADDRESS     ask from this address of this machine, which may\n"
    "                       not relay\n"
    "  --to ADDRESS         the foreign recipient, in place of\n"
    "                       relay-check@example.com\n"
    "  --json               one object for each form: form, verdict, helo,\n"
    "                       from, to, code, reply\n"
    "  --yes-this-is-mine   HOST may be outside of private networks\n"
    "\n"
    "Exit: 0 all forms are closed, 1 one is open, 64 wrong usage, 69 the\n"
    "server does not answer, may only trust this machine, or a form stays\n"
    "unclear.\n";

/* ---- output ---- */

static void
print_json(const struct relay_form *form, const char *sender,
	   enum relay_verdict verdict, const struct probe_answer *answer)
{
	const struct smtp_reply *reply = &answer->reply;
	const char *helo = form->helo, *to = form->recipient;

	printf("{\"form\": \"%s\", \"verdict\": \"%s\", \"helo\": ",
	       form->group, verdicts[verdict]);
	json_string(stdout, helo, helo != NULL ? strlen(helo) : 0);
	fputs(", \"from\": ", stdout);
	json_string(stdout, sender, strlen(sender));
	fputs(", \"to\": ", stdout);
	json_string(stdout, to, strlen(to));
	if (reply->code == 0) {
		fputs(", \"code\": null, \"reply\": ", stdout);
		json_string(stdout, answer->err.text, strlen(answer->err.text));
	} else {
		printf(", \"code\": %d, \"reply\": ", reply->code);
		json_string(stdout, reply->text, reply->text_len);
	}
	puts("}");
}

static void
print_text(const struct relay_form *form, const char *sender,
	   enum relay_verdict verdict, const struct probe_answer *answer)
{
	const struct smtp_reply *reply = &answer->reply;
	char text[TEXT_MAX];

	printf("%-7s  %-7s  ",
	       verdict == VERDICT_OPEN ? "OPEN" : verdicts[verdict],
	       form->group);
	if (form->helo != NULL)
		printf("HELO %s ", form->helo);
	printf("FROM:%s TO:%s  ", sender, form->recipient);
	if (reply->code == 0) {
		puts(answer->err.text);
		return;
	}
	printf("%d %s%s\n", reply->code,
	       log_printable(text, sizeof(text), reply->text, reply->text_len),
	       verdict == VERDICT_UNCLEAR && probe_accepted(answer)
		   ? " (may be a mailbox)"
		   : "");
}

static void
found(void *arg, const struct relay_form *form, const char *sender,
      enum relay_verdict verdict, const struct probe_answer *answer)
{
	struct check *check = arg;

	check->counts[verdict]++;
	if (check->json)
		print_json(form, sender, verdict, answer);
	else
		print_text(form, sender, verdict, answer);
	fflush(stdout); /* the next one may take a while */
}

static void
left_out(void *arg, const char *tail)
{
	(void)arg;
	verb_error(&verb_relay_check,
		   "the server accepts any recipient %s%s: forms that end so "
		   "prove nothing, and are left out",
		   *tail != '\0' ? "in " : "without a domain",
		   *tail != '\0' ? tail + 1 : "");
}

/* ---- the check ---- */

static int
sum_up(const struct check *check)
{
	const size_t *counts = check->counts;

	verb_error(&verb_relay_check, "%s: %zu open, %zu closed, %zu unclear",
		   check->target.host, counts[VERDICT_OPEN],
		   counts[VERDICT_CLOSED], counts[VERDICT_UNCLEAR]);
	if (counts[VERDICT_OPEN] > 0)
		return OPEN;
	return counts[VERDICT_UNCLEAR] > 0 ? EX_UNAVAILABLE : CLOSED;
}

/* The plain form was accepted: an open relay, or one that knows us. Whether
 * only another address can tell which. */
static bool
may_be_trusted(const struct check *check)
{
	if (check->target.source == NULL &&
	    relay_target_is_here(&check->target)) {
		verb_error(&verb_relay_check,
			   "the server either trusts this machine (mynetworks) "
			   "or is open to everybody: ask from an address that "
			   "may not relay (--source) to tell which");
		return true;
	}
	verb_error(&verb_relay_check,
		   "OPEN, unless the address that this machine asks from may "
		   "relay there (mynetworks)");
	return false;
}

static int
survey(struct check *check, struct relay_probe *probe)
{
	struct relay_forms forms;
	struct relay_survey survey = {
	    .probe = probe,
	    .forms = &forms,
	    .found = found,
	    .left_out = left_out,
	    .arg = check,
	};
	int status = EX_UNAVAILABLE;

	relay_forms_make(&forms, &check->names);
	if (relay_survey_begin(&survey) != VERDICT_OPEN || !may_be_trusted(check)) {
		relay_survey_run(&survey);
		status = sum_up(check);
	}
	relay_survey_end(&survey);
	relay_forms_clear(&forms);
	return status;
}

static int
failed(int status, const struct err *err)
{
	verb_error(&verb_relay_check, "%s", err->text);
	return status;
}

/* The server cannot be asked. */
static int
unavailable(const struct relay_target *target, const struct err *err)
{
	verb_error(&verb_relay_check, "%s port %s: %s", target->host,
		   target->port, err->text);
	return EX_UNAVAILABLE;
}

static int
check_server(struct check *check)
{
	struct relay_target *target = &check->target;
	struct smtp_reply greeting;
	struct relay_probe probe;
	struct err err;
	bool misused;
	int status;

	if (relay_target_find(target, &misused, &err) != 0)
		return failed(misused ? EX_USAGE : EX_UNAVAILABLE, &err);
	if (probe_begin(&probe, &target->place, &greeting, &err) != 0)
		status = unavailable(target, &err);
	else if (relay_names_complete(&check->names, greeting.text,
				      &target->address, &err) != 0)
		status = failed(EX_USAGE, &err);
	else
		status = survey(check, &probe);
	probe_end(&probe);
	return status;
}

/* ---- the arguments ---- */

static int
set_name(const char *option, const char *value, const char *why)
{
	if (why == NULL)
		return 0;
	verb_error(&verb_relay_check, "%s %s: %s", option, value, why);
	return EX_USAGE;
}

static int
set_option(struct check *check, int c)
{
	struct relay_names *names = &check->names;

	switch (c) {
	case 'o':
		return set_name("--own", optarg,
				relay_names_add(names, &names->own, optarg));
	case 'r':
		return set_name(
		    "--relayed", optarg,
		    relay_names_add(names, &names->relayed, optarg));
	case 't':
		return set_name("--to", optarg,
				relay_names_set_recipient(names, optarg));
	case 's':
		check->target.source = optarg;
		return 0;
	case 'j':
		check->json = true;
		return 0;
	case 'y':
		check->target.mine = true;
		return 0;
	case 'h':
		check->help = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
parse(struct check *check, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"json", no_argument, NULL, 'j'},
	    {"own", required_argument, NULL, 'o'},
	    {"relayed", required_argument, NULL, 'r'},
	    {"source", required_argument, NULL, 's'},
	    {"to", required_argument, NULL, 't'},
	    {"yes-this-is-mine", no_argument, NULL, 'y'},
	    {NULL, 0, NULL, 0},
	};
	struct err err;
	int c, status;

	check->target.place.timeout = PROBE_TIMEOUT;
	while ((c = verb_option(&verb_relay_check, argc, argv, options)) !=
	       -1) {
		status = set_option(check, c);
		if (status != 0)
			return status;
	}
	if (check->help)
		return 0;
	if (optind != argc - 1) {
		verb_error(&verb_relay_check, "needs one HOST or HOST:PORT");
		return EX_USAGE;
	}
	if (relay_target_parse(&check->target, argv[optind], &err) != 0)
		return failed(EX_USAGE, &err);
	return 0;
}

static int
run_relay_check(int argc, char **argv)
{
	struct check check = {0};
	int status = parse(&check, argc, argv);

	if (status == 0 && check.help)
		fputs(help, stdout);
	else if (status == 0)
		status = check_server(&check);
	relay_names_clear(&check.names);
	return verb_finish(&verb_relay_check, status);
}

const struct verb verb_relay_check = {
    .name = "relay-check",
    .arguments = "[--own DOMAIN]... [--relayed DOMAIN]... [--source ADDRESS] "
		 "[--to ADDRESS] [--json] [--yes-this-is-mine] HOST[:PORT]",
    .summary = "ask a server of yours whether it is an open relay",
    .run = run_relay_check,
};
