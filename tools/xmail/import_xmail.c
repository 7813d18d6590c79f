/* pbsctl import-xmail: the lists of an XMail server, as tables of Postfix. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"
#include "tools/postfix/importing.h"
#include "tools/verb.h"
#include "tools/xmail/xmail.h"

static const struct outpart parts[] = {
    {"main.cf", "main.cf.xmail", true},
    {"mynetworks", "mynetworks", false},
    {"clients", "clients", false},
    {"spammers", "spammers", false},
    {"spammers-late", "spammers-late", false},
    {"whitelist", "whitelist", false},
    {"senders", "senders", false},
    {"recipients", "recipients", false},
    {"plus", "recipients.plus", false},
    {"settings", "pop-before-smtp.yaml.xmail", true},
    {NULL, NULL, false},
};

static int
convert(struct xmail *xmail, struct err *err)
{
	if (xmail_read_server(xmail, err) < 0 || xmail_relays(xmail, err) < 0 ||
	    xmail_domains(xmail, err) < 0 || xmail_recipients(xmail, err) < 0 ||
	    xmail_clients(xmail, err) < 0 || xmail_senders(xmail, err) < 0)
		return -1;
	xmail_sessions(xmail);
	xmail_unused_variables(xmail);
	return xmail_leftovers(xmail, err);
}

static void
clear(struct xmail *xmail)
{
	for (size_t i = 0; i < xmail->variable_count; i++) {
		free(xmail->variables[i].name);
		free(xmail->variables[i].value);
		free((char *)xmail->variables[i].place.file);
	}
	free(xmail->variables);
	free(xmail->list_type);
	strings_clear(&xmail->files);
	strings_clear(&xmail->domains);
	strings_clear(&xmail->alias_domains);
	strings_clear(&xmail->custom);
}

static int
import(const struct importing *options)
{
	struct xmail xmail = {.root = options->source,
			      .directory = options->directory,
			      .map = options->map,
			      .arguments = options->arguments};
	struct err err;
	int status = EX_NOINPUT;

	xmail.out = outset_new(parts);
	if (convert(&xmail, &err) != 0)
		verb_error(&verb_import_xmail, "%s", err.text);
	else
		status = importing_finish(options, &xmail.remarks, xmail.out);
	outset_free(&xmail.out);
	clear(&xmail);
	return status;
}

static int
run_import_xmail(int argc, char **argv)
{
	struct importing options = {.verb = &verb_import_xmail,
				    .parts = parts,
				    .takes_arguments = true};
	int status = importing_options(&options, argc, argv);

	if (status == EX_OK && !options.done)
		status = import(&options);
	importing_clear(&options);
	return status;
}

const struct verb verb_import_xmail = {
    .name = "import-xmail",
    .arguments = "[--only PART] [--to DIR] [--max-shrink PERCENT] [--force] "
		 "[--dbfile TYPE:NAME] "
		 "[--xmail-args ARGS] MAILROOT",
    .summary = "carry over the lists of an XMail server, for Postfix",
    .run = run_import_xmail,
};
