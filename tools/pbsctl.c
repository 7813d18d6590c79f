/*
 * pbsctl: the administrator's tool. Each verb has a file of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "tools/verb.h"

static const struct verb *const verbs[] = {
    &verb_status,      &verb_list,	   &verb_show,	      &verb_add,
    &verb_remove,      &verb_match,	   &verb_explain,     &verb_check,
    &verb_import_perl, &verb_import_xmail, &verb_import_smap, &verb_recipients,
    &verb_relay_check,  &verb_doctor,	   &verb_report,     &verb_metrics,
    &verb_top,	       &verb_setup,	   &verb_keygen,
    &verb_peers,
};

enum { NVERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int
usage(FILE *out, int status)
{
	size_t i;

	fputs("usage: pbsctl VERB [ARGUMENT...]\n\n", out);
	for (i = 0; i < NVERBS; i++)
		fprintf(out, "  %s%s%s\n      %s\n", verbs[i]->name,
			verbs[i]->arguments[0] != '\0' ? " " : "",
			verbs[i]->arguments, verbs[i]->summary);
	fputs("\n  --help, --version\n      print and exit\n\n"
	      "See pbsctl VERB --help and pbsctl(8).\n",
	      out);
	return status;
}

static int
unknown_verb(const char *name)
{
	const char *names[NVERBS + 1] = {NULL};
	char *all;
	size_t i;

	for (i = 0; i < NVERBS; i++)
		names[i] = verbs[i]->name;
	if (suggest(name, names) != NULL)
		return verb_unknown(NULL, "verb", name, names);
	all = alloc_join(names, ", ");
	verb_error(NULL, "unknown verb '%s' (known: %s)", name, all);
	free(all);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return usage(stderr, EX_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return usage(stdout, EX_OK);
	if (strcmp(argv[1], "--version") == 0) {
		puts("pbsctl " VERSION);
		return EX_OK;
	}
	for (i = 0; i < NVERBS; i++)
		if (strcmp(verbs[i]->name, argv[1]) == 0)
			return verbs[i]->run(argc - 1, argv + 1);
	return unknown_verb(argv[1]);
}
