/*
 * pbsctl check: tests the configuration and the patterns.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf.h"
#include "patterns/check/forge.h"
#include "patterns/check/lint.h"
#include "patterns/check/sample_check.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tools/check/forgery_print.h"
#include "tools/settings.h"
#include "tools/verb.h"

struct options {
	bool help;
	const char *config;
	uint64_t forgeries, seed;
	struct strings dirs, files;
};

struct check {
	const struct options *options;
	struct ruleset *set;
	struct recognizer *recognizer;
	time_t now;
	unsigned int count, failures;
	uint64_t forgeries, granted;
};

static const char help[] =
    "usage: pbsctl check [--config FILE] [--patterns DIR] [--forgeries N]\n"
    "                    [--seed N] [FILE...]\n"
    "\n"
    "Checks the configuration and all pattern files, or the FILEs in addition\n"
    "to those that are installed: that each sample has the result it states,\n"
    "that the rules have none of the common faults, and that no text of a\n"
    "stranger can fool them. Prints TAP, one line for each check, and what\n"
    "fooled a rule as a sample for its `reject:'.\n"
    "\n"
    "  --config FILE   this configuration, and the patterns that it names\n"
    "  --patterns DIR  the *.yaml of this directory; may be repeated, a later\n"
    "                  file of the same name replaces an earlier one\n"
    "  --forgeries N   make this many attacks in total (500000)\n"
    "  --seed N        make other attacks than with seed 1\n"
    "\n"
    "Exit: 0 all is well, 1 something is wrong, 64 wrong usage.\n";

/* ---- TAP ---- */

static bool __attribute__((format(printf, 3, 4)))
result(struct check *c, bool good, const char *fmt, ...)
{
	va_list ap;

	c->count++;
	c->failures += !good;
	printf("%sok %u - ", good ? "" : "not ", c->count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return good;
}

/* ---- checks ---- */

static void
check_config(struct check *c, struct strings *dirs)
{
	const char *name = c->options->config;
	struct conf conf;
	struct err err;

	if (!result(c, settings_load(&conf, name, &err) == 0,
		    "configuration %s", name ? name : "as installed")) {
		printf("# %s\n", err.text);
		return;
	}
	for (size_t i = 0; i < conf.patterns.count; i++)
		strings_add(dirs, conf.patterns.list[i]);
	conf_clear(&conf);
}

static bool
load(struct check *c, const struct strings *dirs)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct err err;

	c->set =
	    ruleset_load((const char *const *)dirs->list, dirs->count, &err);
	if (c->set != NULL)
		c->recognizer = recognizer_new(c->set, &all, &err);
	if (c->recognizer != NULL)
		return true;
	result(c, false, "patterns can be read");
	printf("# %s\n", err.text);
	return false;
}

typedef int sample_check_fn(struct recognizer *, const struct rule *,
			    const struct sample *, time_t now, struct err *);

static void
check_samples(struct check *c, const struct rule *rule,
	      const struct samples *samples, sample_check_fn *check,
	      const char *verb)
{
	const struct sample *s, *end = samples->list + samples->count;
	struct err err;

	for (s = samples->list; s < end; s++)
		if (!result(c, check(c->recognizer, rule, s, c->now, &err) == 0,
			    "%s %s %s:%u", rule->name, verb, rule->file,
			    s->lineno))
			printf("# %s:%u: %s\n", rule->file, s->lineno,
			       err.text);
}

struct findings {
	struct check *check;
	unsigned int faults;
};

static void
take_finding(void *arg, const struct rule *rule, bool fault, const char *why)
{
	struct findings *findings = arg;

	if (fault && findings->faults++ == 0)
		result(findings->check, false, "%s has no faults", rule->name);
	printf("# %s%s:%u: %s: %s\n", fault ? "" : "warning: ", rule->file,
	       rule->lineno, rule->name, why);
}

static void
check_lint(struct check *c, const struct rule *rule)
{
	struct findings findings = {.check = c};

	lint_rule(rule, c->set, c->recognizer, c->now, take_finding, &findings);
	if (findings.faults == 0)
		result(c, true, "%s has no faults", rule->name);
}

static void
attack(struct check *c, struct forge *forge, size_t number, uint64_t n)
{
	const struct rule *rule = &c->set->list[number];
	struct forgery forgery;
	struct addr granted;
	uint64_t i, fooled = 0;

	for (i = 0; i < n && forge_make(forge, number, &forgery); i++) {
		if (!forge_fools(forge, &forgery, &granted))
			continue;
		if (fooled++ > 0)
			continue;
		result(c, false, "%s grants nothing to forgers", rule->name);
		forge_shorten(forge, &forgery);
		forge_fools(forge, &forgery, &granted);
		forgery_print(&forgery, &granted);
	}
	c->forgeries += i;
	c->granted += fooled;
	if (fooled > 0)
		printf("# %ju of %ju forgeries were believed\n",
		       (uintmax_t)fooled, (uintmax_t)i);
	else
		result(c, i > 0 || n == 0,
		       "%s grants nothing to forgers (%ju forgeries)",
		       rule->name, (uintmax_t)i);
}

/* Whether the rule is from the file, or from a file in the directory, name. */
static bool
is_from(const char *name, const struct rule *rule)
{
	size_t len = strlen(name);

	while (len > 1 && name[len - 1] == '/')
		len--;
	return strncmp(name, rule->file, len) == 0 &&
	       (rule->file[len] == '/' || rule->file[len] == '\0');
}

/* With FILEs, only their rules are checked. */
static bool
is_selected(const struct options *options, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < options->files.count; i++)
		if (is_from(options->files.list[i], rule))
			return true;
	return options->files.count == 0;
}

/* A FILE without rules is probably misspelt, so that is a failure. */
static bool
check_files(struct check *c)
{
	const struct strings *files = &c->options->files;
	unsigned int before = c->failures;
	size_t i, j;

	for (i = 0; i < files->count; i++) {
		for (j = 0; j < c->set->count; j++)
			if (is_from(files->list[i], &c->set->list[j]))
				break;
		if (j == c->set->count)
			result(c, false, "%s holds rules", files->list[i]);
	}
	return c->failures == before;
}

/* Each rule gets an equal share, rounded up so that it is never zero. */
static void
attack_all(struct check *c)
{
	struct forge *forge =
	    forge_new(c->set, c->recognizer, c->options->seed, c->now);
	uint64_t rules = 0, n;
	size_t i;

	for (i = 0; i < c->set->count; i++)
		rules += is_selected(c->options, &c->set->list[i]);
	n = rules ? (c->options->forgeries + rules - 1) / rules : 0;
	for (i = 0; i < c->set->count; i++)
		if (is_selected(c->options, &c->set->list[i]))
			attack(c, forge, i, n);
	printf("# %ju forgeries, %ju granted, seed %ju\n",
	       (uintmax_t)c->forgeries, (uintmax_t)c->granted,
	       (uintmax_t)c->options->seed);
	forge_free(&forge);
}

/* Once for each file, as the rules of a file follow each other. */
static void
print_warning(const struct check *c, size_t number)
{
	const struct rule *rule = &c->set->list[number];

	if (rule->warning != NULL &&
	    (number == 0 || strcmp(rule[-1].file, rule->file) != 0))
		printf("# warning: %s: %s: %s\n", rule->file, rule->server,
		       rule->warning);
}

static void
check_rules(struct check *c)
{
	size_t i;

	for (i = 0; i < c->set->count; i++) {
		const struct rule *rule = &c->set->list[i];

		if (!is_selected(c->options, rule))
			continue;
		print_warning(c, i);
		check_samples(c, rule, &rule->accept, sample_check_accept,
			      "accepts");
		check_samples(c, rule, &rule->reject, sample_check_reject,
			      "rejects");
		check_lint(c, rule);
	}
	if (c->options->forgeries > 0)
		attack_all(c);
}

static void
check_patterns(struct check *c, const struct strings *dirs)
{
	if (load(c, dirs) && check_files(c))
		check_rules(c);
	recognizer_free(&c->recognizer);
	ruleset_free(&c->set);
}

static int
check(const struct options *options)
{
	struct check c = {.options = options, .now = time(NULL)};
	struct strings dirs = {0};
	size_t i;

	for (i = 0; i < options->dirs.count; i++)
		strings_add(&dirs, options->dirs.list[i]);
	if (dirs.count == 0 || options->config != NULL)
		check_config(&c, &dirs);
	if (dirs.count == 0)
		conf_default_patterns(&dirs);
	for (i = 0; i < options->files.count; i++)
		strings_add(&dirs, options->files.list[i]);
	check_patterns(&c, &dirs);
	strings_clear(&dirs);
	printf("1..%u\n", c.count);
	return verb_finish(&verb_check, c.failures == 0 ? 0 : 1);
}

/* ---- the command line ---- */

static int
take_number(const char *name, const char *value, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (errno == 0 && *end == '\0' &&
	    value[strspn(value, "0123456789")] == 0)
		return 0;
	verb_error(&verb_check, "%s: '%s' is not a number", name, value);
	return EX_USAGE;
}

static int
take_option(struct options *options, int c)
{
	switch (c) {
	case 'c':
		options->config = optarg;
		return 0;
	case 'p':
		strings_add(&options->dirs, optarg);
		return 0;
	case 'f':
		return take_number("--forgeries", optarg, &options->forgeries);
	case 's':
		return take_number("--seed", optarg, &options->seed);
	case 'h':
		options->help = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"patterns", required_argument, NULL, 'p'},
	    {"forgeries", required_argument, NULL, 'f'},
	    {"seed", required_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_check, argc, argv, known)) != -1)
		if (take_option(options, c) != 0)
			return EX_USAGE;
	for (; optind < argc; optind++)
		strings_add(&options->files, argv[optind]);
	return 0;
}

static int
run_check(int argc, char **argv)
{
	struct options options = {.forgeries = 500000, .seed = 1};
	int status = parse(&options, argc, argv);

	if (status == 0 && options.help)
		fputs(help, stdout);
	else if (status == 0)
		status = check(&options);
	strings_clear(&options.dirs);
	strings_clear(&options.files);
	return status;
}

const struct verb verb_check = {
    .name = "check",
    .arguments = "[--config FILE] [--patterns DIR] [--forgeries N] "
		 "[--seed N] [FILE...]",
    .summary = "check configuration and patterns, attack each rule",
    .run = run_check,
};
