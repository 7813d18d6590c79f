/*
 * pbsctl recipients: a list of addresses as the tables of relay_recipient_maps.
 */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/err.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/complaints.h"
#include "tools/gateway/plus_table.h"
#include "tools/gateway/string_set.h"
#include "tools/recipients/list_file.h"
#include "tools/verb.h"

struct settings {
	const char *file;
	bool force, unterminated;
	bool plain, plus; /* which tables */
	size_t max_invalid;
};

static void
print_tables(const struct settings *settings, const struct address_list *list)
{
	size_t n = settings->plain ? string_set_count(list->keys) : 0, len;
	char *text;

	for (size_t i = 0; i < n; i++)
		printf("%s\tok\n", string_set_at(list->keys, i));
	if (settings->plain && settings->plus)
		puts("---");
	if (!settings->plus)
		return;
	text = plus_table_text(list->plus, &len);
	fwrite(text, 1, len, stdout);
	free(text);
}

static bool
is_empty(const struct address_list *list)
{
	return string_set_count(list->keys) + string_set_count(list->plus) == 0;
}

/* What must not become a table, whatever it holds. */
static int
refuse(const struct settings *settings, const char *what, const char *unless)
{
	fprintf(stderr, "%s: refused: %s (%s)\n", settings->file, what, unless);
	return 1;
}

static int
judge(const struct settings *settings, enum list_state state,
      const struct address_list *list, size_t invalid)
{
	if (state == LIST_CHANGED)
		return refuse(settings, "it changed while it was read",
			      "try again");
	if (state == LIST_TOO_LARGE)
		return refuse(settings, "over 2 GiB", "not a list");
	if (state == LIST_UNTERMINATED && !settings->unterminated)
		return refuse(settings, "the last line has no newline",
			      "--unterminated lets it pass");
	if (settings->force)
		return 0;
	if (is_empty(list))
		return refuse(settings, "no valid entry",
			      "--force lets it pass");
	if (invalid > settings->max_invalid)
		return refuse(settings, "too many invalid lines",
			      "--max-invalid or --force lets it pass");
	return 0;
}

static int
run(const struct settings *settings)
{
	struct complaints complaints = {.out = stderr, .file = settings->file};
	struct address_list *list = address_list_new();
	struct err err;
	int status = 0;
	enum list_state state =
	    list_file_read(settings->file, list, &complaints, &err);

	complaints_end(&complaints);
	if (state == LIST_UNREADABLE || state == LIST_FAILED) {
		verb_error(&verb_recipients, "%s", err.text);
		status = state == LIST_FAILED ? EX_IOERR : EX_NOINPUT;
	} else {
		status = judge(settings, state, list, complaints.count);
	}
	if (status == 0) {
		address_list_sort(list);
		print_tables(settings, list);
		status = complaints.count > 0;
	}
	address_list_free(&list);
	return status;
}

static int
set_only(struct settings *settings, const char *value)
{
	static const char *const tables[] = {"plain", "plus", NULL};

	if (strcmp(value, "plain") == 0)
		settings->plus = false;
	else if (strcmp(value, "plus") == 0)
		settings->plain = false;
	else
		return verb_unknown(&verb_recipients, "table", value, tables);
	return 0;
}

static int
set_number(size_t *number, const char *option, const char *value)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, 10);
	if (errno == 0 && *end == '\0' && value[0] >= '0' && value[0] <= '9')
		return 0;
	verb_error(&verb_recipients, "%s: '%s' is not a number", option, value);
	return EX_USAGE;
}

static int
set_option(struct settings *settings, int c)
{
	switch (c) {
	case 'o':
		return set_only(settings, optarg);
	case 'i':
		return set_number(&settings->max_invalid, "--max-invalid",
				  optarg);
	case 'f':
		settings->force = true;
		return 0;
	case 'u':
		settings->unterminated = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
run_recipients(int argc, char **argv)
{
	static const struct option options[] = {
	    {"force", no_argument, NULL, 'f'},
	    {"max-invalid", required_argument, NULL, 'i'},
	    {"only", required_argument, NULL, 'o'},
	    {"unterminated", no_argument, NULL, 'u'},
	    {NULL, 0, NULL, 0},
	};
	struct settings settings = {.plain = true, .plus = true};
	int c, status;

	while ((c = verb_option(&verb_recipients, argc, argv, options)) != -1) {
		status = set_option(&settings, c);
		if (status != 0)
			return status;
	}
	if (optind != argc - 1) {
		verb_error(&verb_recipients, "needs one file, or -");
		return EX_USAGE;
	}
	settings.file = argv[optind];
	return verb_finish(&verb_recipients, run(&settings));
}

const struct verb verb_recipients = {
    .name = "recipients",
    .arguments = "[--only plain|plus] [--force] [--max-invalid N] "
		 "[--unterminated] FILE|-",
    .summary = "a list of addresses, as tables of relay_recipient_maps",
    .run = run_recipients,
};
