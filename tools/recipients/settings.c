#include "tools/recipients/settings.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/log.h"
#include "maps/string_map.h"
#include "tools/gateway/comparison.h"
#include "tools/integer.h"
#include "tools/verb.h"

enum { SETTLE = 2 };

static int
usage(const struct recipients_settings *settings, const char *what)
{
	verb_error(settings->verb, "%s", what);
	return EX_USAGE;
}

static int
bad_value(const struct recipients_settings *settings, const char *option,
	  const char *value, const char *why)
{
	char shown[256];

	log_printable(shown, sizeof(shown), value, strlen(value));
	verb_error(settings->verb, "%s: '%s' %s", option, shown, why);
	return EX_USAGE;
}

static int
set_only(struct recipients_settings *settings, const char *value)
{
	static const char *const tables[] = {"plain", "plus", NULL};

	settings->plain = strcmp(value, "plain") == 0;
	settings->plus = strcmp(value, "plus") == 0;
	if (settings->plain || settings->plus)
		return 0;
	return verb_unknown(settings->verb, "table", value, tables);
}

static int
set_number(const struct recipients_settings *settings, size_t *number,
	   long long max, const char *option, const char *value)
{
	long long found;

	if (integer_parse(value, 0, max, &found) == 0) {
		*number = (size_t)found;
		return 0;
	}
	verb_error(settings->verb, "%s: '%s' is not a number up to %lld",
		   option, value, max);
	return EX_USAGE;
}

static int
set_settle(struct recipients_settings *settings, const char *value)
{
	if (duration_parse(value, &settings->settle) == 0)
		return 0;
	return bad_value(settings, "--settle", value,
			 "is not a time, such as 2s");
}

/* Divides "type:/name"; *type is to be freed. */
static int
divide(const char *spec, char **type, const char **name)
{
	const char *colon = strchr(spec, ':');

	if (colon == NULL || colon[1] != '/')
		return -1;
	free(*type);
	*type = alloc_bytes(spec, (size_t)(colon - spec));
	*name = colon + 1;
	return 0;
}

static int
set_map(struct recipients_settings *settings, const char *value)
{
	struct err err;

	if (divide(value, &settings->map_type, &settings->map_name) < 0)
		return bad_value(settings, "--map", value, "is not TYPE:/NAME");
	if (string_map_check_type(settings->map_type, &err) == 0 &&
	    string_map_check_name(settings->map_type, settings->map_name,
				  &err) == 0)
		return 0;
	return bad_value(settings, "--map", value, err.text);
}

static int
set_plus(struct recipients_settings *settings, const char *value)
{
	static const char *const types[] = {"pcre", "regexp", "none", NULL};
	const char *name;
	struct err err;

	settings->no_plus = strcmp(value, "none") == 0;
	if (settings->no_plus)
		return 0;
	if (divide(value, &settings->plus_type, &name) < 0)
		return bad_value(settings, "--plus", value,
				 "is not TYPE:/NAME or none");
	free(settings->plus_name);
	settings->plus_name = alloc_string(name);
	if (strcmp(settings->plus_type, "pcre") != 0 &&
	    strcmp(settings->plus_type, "regexp") != 0)
		return verb_unknown(settings->verb, "type of a plus table",
				    settings->plus_type, types);
	if (string_map_check_name("", name, &err) < 0)
		return bad_value(settings, "--plus", value, err.text);
	return 0;
}

static bool *
flag(struct recipients_settings *settings, int c)
{
	switch (c) {
	case 'd':
		return &settings->diff;
	case 'f':
		return &settings->force;
	case 'h':
		return &settings->help;
	case 'j':
		return &settings->json;
	case 'r':
		return &settings->reload;
	case 'u':
		return &settings->unterminated;
	case 'w':
		return &settings->watch;
	default:
		return NULL;
	}
}

static int
set_value(struct recipients_settings *settings, int c, const char *value)
{
	switch (c) {
	case 'i':
		return set_number(settings, &settings->max_invalid, LLONG_MAX,
				  "--max-invalid", value);
	case 'm':
		return set_map(settings, value);
	case 'o':
		return set_only(settings, value);
	case 'p':
		return set_plus(settings, value);
	case 's':
		return set_number(settings, &settings->max_shrink, 100,
				  "--max-shrink", value);
	case 't':
		return set_settle(settings, value);
	default:
		return EX_USAGE;
	}
}

static bool
is_one_file(const struct recipients_settings *settings)
{
	char *path;
	bool same;

	if (settings->map_type == NULL || settings->plus_name == NULL)
		return false;
	path = string_map_path(settings->map_type, settings->map_name);
	same = strcmp(path, settings->plus_name) == 0;
	free(path);
	return same;
}

/* What only makes sense together. */
static int
check_together(const struct recipients_settings *settings)
{
	if (settings->map_type == NULL &&
	    (settings->diff || settings->reload || settings->watch ||
	     settings->plus_name != NULL))
		return usage(settings,
			     "--diff, --plus TYPE:NAME, --reload and --watch "
			     "need --map");
	if (is_one_file(settings))
		return usage(settings,
			     "--plus names the file of --map: each needs its "
			     "own");
	if (settings->watch && settings->diff)
		return usage(settings, "--watch and --diff exclude each other");
	if (settings->watch && strcmp(settings->file, "-") == 0)
		return usage(settings, "--watch needs a file");
	if (settings->no_plus && !settings->plain)
		return usage(settings,
			     "--plus none and --only plus leave nothing");
	return 0;
}

static int
read_options(struct recipients_settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
	    {"diff", no_argument, NULL, 'd'},
	    {"force", no_argument, NULL, 'f'},
	    {"help", no_argument, NULL, 'h'},
	    {"json", no_argument, NULL, 'j'},
	    {"map", required_argument, NULL, 'm'},
	    {"max-invalid", required_argument, NULL, 'i'},
	    {"max-shrink", required_argument, NULL, 's'},
	    {"only", required_argument, NULL, 'o'},
	    {"plus", required_argument, NULL, 'p'},
	    {"reload", no_argument, NULL, 'r'},
	    {"settle", required_argument, NULL, 't'},
	    {"unterminated", no_argument, NULL, 'u'},
	    {"watch", no_argument, NULL, 'w'},
	    {NULL, 0, NULL, 0},
	};
	int c, status = 0;

	while (status == 0 &&
	       (c = verb_option(settings->verb, argc, argv, options)) != -1) {
		if (flag(settings, c) != NULL)
			*flag(settings, c) = true;
		else
			status = set_value(settings, c, optarg);
	}
	return status;
}

int
recipients_settings_read(struct recipients_settings *settings,
			 const struct verb *verb, int argc, char **argv)
{
	int status;

	*settings = (struct recipients_settings){
	    .verb = verb,
	    .plain = true,
	    .plus = true,
	    .max_shrink = COMPARISON_MAX_SHRINK,
	    .settle = SETTLE,
	};
	status = read_options(settings, argc, argv);
	if (status == 0 && settings->help)
		return 0;
	if (status == 0 && optind != argc - 1)
		status = usage(settings, "needs one file, or -");
	if (status == 0) {
		settings->file = argv[optind];
		status = check_together(settings);
	}
	if (settings->no_plus)
		settings->plus = false;
	if (settings->plus_name == NULL && settings->map_type != NULL)
		settings->plus_name =
		    alloc_format("%s.plus", settings->map_name);
	if (status != 0)
		recipients_settings_clear(settings);
	return status;
}

void
recipients_settings_clear(struct recipients_settings *settings)
{
	free(settings->map_type);
	free(settings->plus_type);
	free(settings->plus_name);
	*settings = (struct recipients_settings){0};
}
