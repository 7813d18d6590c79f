/* pbsctl import-smap: a netperm-table of smap, as tables of Postfix. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"
#include "tools/postfix/importing.h"
#include "tools/smap/smap.h"
#include "tools/verb.h"

static const struct outpart parts[] = {
    {"main.cf", "main.cf.smap", true},
    {"mynetworks", "mynetworks", false},
    {"clients", "smap-clients", false},
    {"names", "smap-names", false},
    {"block", "smap-block", false},
    {"kill", "smap-kill", false},
    {"spam", "smap-spam", false},
    {"broken", "smap-broken", false},
    {NULL, NULL, false},
};

static const struct {
	const char *attribute, *why;
} known[] = {
    {"userid", "Postfix has a user of its own"},
    {"groupid", "Postfix has a group of its own"},
    {"directory", "Postfix has a queue of its own"},
    {"badadmin", "see notify_classes and 2bounce_notice_recipient"},
    {"max-email", "Postfix keeps nothing of refused mail"},
    {"max-dirent", "Postfix keeps nothing of refused mail"},
    {"deny-hosts", "see check_client_access"},
};

static void
report_rest(struct smap *smap)
{
	for (size_t i = 0; i < smap->table->count; i++) {
		const struct netperm_rule *rule = &smap->table->rules[i];
		const char *why = "not known";

		if (rule->used)
			continue;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (strcmp(known[k].attribute, rule->attribute) == 0)
				why = known[k].why;
		remark_lost(&smap->remarks, rule->place,
			    "%s: has no counterpart: %s",
			    shown(rule->attribute).text, why);
	}
}

static void
write_restrictions(struct smap *smap)
{
	FILE *out = outset_stream(smap->out, "main.cf");
	struct place nowhere = {NULL, 0};
	struct maincf_value value = {0};

	if (smap->classes.words.count > 0)
		maincf_write(out, "smtpd_restriction_classes", &smap->classes,
			     true);
	maincf_write(out, "smtpd_client_restrictions", &smap->clients, true);
	maincf_write(out, "smtpd_sender_restrictions", &smap->senders, true);
	maincf_add(&value, nowhere, "permit_mynetworks");
	maincf_add(&value, nowhere, "check_client_access %s", smap->map);
	maincf_add(&value, nowhere, "reject_unauth_destination");
	maincf_write(out, "smtpd_relay_restrictions", &value, true);
}

static void
convert(struct smap *smap)
{
	struct place nowhere = {NULL, 0};

	maincf_add(&smap->clients, nowhere, "permit_mynetworks");
	maincf_add(&smap->senders, nowhere, "permit_mynetworks");
	smap_relays(smap);
	/* The order of these three is that of smtpd_sender_restrictions. */
	smap_blocks(smap);
	smap_spam(smap);
	smap_senders(smap);
	write_restrictions(smap);
	smap_limits(smap);
	report_rest(smap);
}

static int
import(const struct importing *options)
{
	struct smap smap = {.directory = options->directory,
			    .map = options->map};
	struct err err;
	int status = EX_NOINPUT;

	smap.out = outset_new(parts);
	smap.table = netperm_read(options->source, &smap.remarks, &err);
	if (smap.table == NULL) {
		verb_error(&verb_import_smap, "%s", err.text);
	} else {
		convert(&smap);
		status = importing_finish(options, &smap.remarks, smap.out);
	}
	netperm_free(&smap.table);
	outset_free(&smap.out);
	return status;
}

static int
run_import_smap(int argc, char **argv)
{
	struct importing options = {.verb = &verb_import_smap, .parts = parts};
	int status = importing_options(&options, argc, argv);

	if (status == EX_OK && !options.done)
		status = import(&options);
	importing_clear(&options);
	return status;
}

const struct verb verb_import_smap = {
    .name = "import-smap",
    .arguments = "[--only PART] [--to DIR] [--max-shrink PERCENT] [--force] "
		 "[--dbfile TYPE:NAME] TABLE",
    .summary = "carry over a netperm-table of smap, for Postfix",
    .run = run_import_smap,
};
