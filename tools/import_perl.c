/*
 * pbsctl import-perl: the configuration of the Perl program of this name, as
 * YAML.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "patterns/match/patterndir.h"
#include "patterns/match/rules.h"
#include "tools/import.h"
#include "tools/perlconf.h"
#include "tools/settings.h"
#include "tools/verb.h"
#include "tools/yamlout.h"

enum { SIZE_MAX_READ = 1024 * 1024, REMARKS_MAX = 1000, REMARK_MAX = 1024 };

static const char help[] =
    "usage: pbsctl import-perl [--only patterns|settings] FILE\n"
    "\n"
    "Reads FILE, a pop-before-smtp-conf.pl, as text, and prints what it says\n"
    "as YAML: a pattern file, and the configuration behind `---'. Tells on\n"
    "standard error, line by line, what cannot be carried over. Runs nothing\n"
    "and changes nothing.\n"
    "\n"
    "  --only patterns   print the pattern file alone\n"
    "  --only settings   print the configuration alone\n"
    "\n"
    "Exit: 0 all was carried over, 1 not all, above that an error.\n";

/* ---- what is said ---- */

static void __attribute__((format(printf, 3, 0)))
add_remark(struct import *im, unsigned int lineno, const char *fmt, va_list ap)
{
	char *text;

	if (im->nremarks == REMARKS_MAX || vasprintf(&text, fmt, ap) < 0)
		return;
	im->remarks =
	    alloc_resize(im->remarks, im->nremarks + 1, sizeof(*im->remarks));
	im->remarks[im->nremarks] = (struct remark){lineno, im->nremarks, text};
	im->nremarks++;
}

void
import_remark(struct import *im, unsigned int lineno, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_remark(im, lineno, fmt, ap);
	va_end(ap);
}

void
import_lose(struct import *im, unsigned int lineno, const char *fmt, ...)
{
	va_list ap;

	im->lost++;
	va_start(ap, fmt);
	add_remark(im, lineno, fmt, ap);
	va_end(ap);
}

static int
by_line(const void *a, const void *b)
{
	const struct remark *x = a, *y = b;

	if (x->lineno != y->lineno)
		return x->lineno < y->lineno ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static void
print_remarks(struct import *im)
{
	size_t i;

	if (im->nremarks > 0)
		qsort(im->remarks, im->nremarks, sizeof(*im->remarks), by_line);
	for (i = 0; i < im->nremarks; i++) {
		char *text = im->remarks[i].text, safe[REMARK_MAX];

		/* What stands in somebody's file may be meant for a terminal.
		 */
		fprintf(stderr, "%s:%u: %s\n", im->name, im->remarks[i].lineno,
			log_printable(safe, sizeof(safe), text, strlen(text)));
		free(text);
	}
	free(im->remarks);
}

bool
import_can_write(const struct perl_value *value)
{
	return yamlout_can_quote(value->text, value->len);
}

/* ---- the run ---- */

/* Text in a file of its own, for those who read files: its name, to be freed
 * and removed, or NULL. */
static char *
store(const char *text)
{
	char *path = alloc_string("/tmp/pbsctl.XXXXXX");
	int fd = mkstemp(path);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out == NULL) {
		free(path);
		return NULL;
	}
	fputs(text, out);
	fclose(out);
	return path;
}

/* What was written must load. */
static int
prove(const char *patterns, const char *config)
{
	struct settings loaded = {0};
	struct ruleset *set = NULL;
	struct err err;
	char *path;
	int r = 0;

	path = patterns != NULL ? store(patterns) : NULL;
	if (path != NULL) {
		set = ruleset_load((const char *const *)&path, 1, &err);
		if (set == NULL)
			verb_complain(&verb_import_perl, "patterns: %s",
				      err.text);
		r = set == NULL ? -1 : 0;
		ruleset_free(&set);
		unlink(path);
		free(path);
	}
	path = store(config);
	if (path != NULL) {
		if (settings_load(path, &loaded, &err) < 0) {
			verb_complain(&verb_import_perl, "settings: %s",
				      err.text);
			r = -1;
		}
		settings_clear(&loaded);
		unlink(path);
		free(path);
	}
	return r;
}

static void
write_all(struct import *im)
{
	static const char head[] =
	    "# %s: imported from %s by pbsctl import-perl\n";

	fprintf(im->patterns, head, "patterns", im->name);
	fputs("# Each rule wants samples, and real ones:"
	      " see pop-before-smtp.patterns(5).\n"
	      "server: 'imported'\nrules:\n",
	      im->patterns);
	fprintf(im->settings, head, "settings", im->name);
	import_rules(im);
	import_settings(im);
	import_notes(im);
	fclose(im->patterns);
	fclose(im->settings);
}

static void
load_shipped(struct import *im)
{
	char *dir = patterndir_default();
	struct err err;

	im->shipped = ruleset_load((const char *const *)&dir, 1, &err);
	free(dir);
}

static int
import(const char *name, const char *text, size_t len, const char *only)
{
	struct import im = {.name = name, .conf = perlconf_read(text, len)};
	char *patterns, *config;
	size_t patterns_len, config_len;
	int status;

	load_shipped(&im);
	im.patterns = open_memstream(&patterns, &patterns_len);
	im.settings = open_memstream(&config, &config_len);
	write_all(&im);
	if (im.nrules == 0) {
		free(patterns);
		patterns = NULL;
	}
	if (patterns != NULL && (only == NULL || only[0] == 'p'))
		fputs(patterns, stdout);
	if (patterns != NULL && only == NULL)
		puts("---");
	if (only == NULL || only[0] == 's')
		fputs(config, stdout);
	print_remarks(&im);
	status = prove(patterns, config) < 0 || im.lost > 0;
	if (im.nrules + im.nsettings == 0)
		verb_complain(&verb_import_perl,
			      "%s: says nothing that could "
			      "be carried over",
			      name);
	free(patterns);
	free(config);
	ruleset_free(&im.shipped);
	perlconf_free(&im.conf);
	return status;
}

static int
import_file(const char *name, const char *only)
{
	FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	char *text = alloc_zero(SIZE_MAX_READ + 1, 1);
	int status = EX_NOINPUT;
	size_t len;

	len = in != NULL ? fread(text, 1, SIZE_MAX_READ, in) : 0;
	if (in == NULL || ferror(in))
		verb_complain(&verb_import_perl, "%s: %s", name,
			      strerror(errno));
	else if (len == SIZE_MAX_READ)
		verb_complain(&verb_import_perl, "%s: too large", name);
	else
		status = import(name, text, len, only);
	if (in != NULL && in != stdin)
		fclose(in);
	free(text);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		verb_complain(&verb_import_perl, "standard output: %s",
			      strerror(errno));
		return EX_IOERR;
	}
	return status;
}

static int
usage(const char *what)
{
	verb_complain(&verb_import_perl, "%s", what);
	return EX_USAGE;
}

static int
run_import(int argc, char **argv)
{
	static const char *const known[] = {"--only", "--help", NULL};
	const char *only = NULL, *file = NULL;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return fputs(help, stdout) == EOF ? EX_IOERR : 0;
		if (strncmp(argv[i], "--only=", 7) == 0)
			only = argv[i] + 7;
		else if (strcmp(argv[i], "--only") == 0)
			only = i + 1 < argc ? argv[++i] : "";
		else if (argv[i][0] == '-' && argv[i][1] != '\0')
			return verb_unknown(&verb_import_perl, "option",
					    argv[i], known);
		else if (file != NULL)
			return usage("more than one file");
		else
			file = argv[i];
	}
	if (only != NULL && strcmp(only, "patterns") != 0 &&
	    strcmp(only, "settings") != 0)
		return usage("--only is `patterns' or `settings'");
	if (file == NULL)
		return usage("which file? pop-before-smtp-conf.pl, `-' is "
			     "standard input");
	return import_file(file, only);
}

const struct verb verb_import_perl = {
    .name = "import-perl",
    .arguments = "[--only patterns|settings] FILE",
    .summary = "carry over a pop-before-smtp-conf.pl, as YAML",
    .run = run_import,
};
