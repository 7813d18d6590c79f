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

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "patterns/matcher.h"
#include "patterns/patterndir.h"
#include "patterns/rules.h"
#include "tools/perlconf.h"
#include "tools/perlpattern.h"
#include "tools/settings.h"
#include "tools/verb.h"
#include "tools/yamlout.h"

enum { SIZE_MAX_READ = 1024 * 1024, REMARKS_MAX = 1000 };

static const char usual_time[] = "(\\w\\w\\w +\\d+ \\d+:\\d+:\\d+)";

struct remark {
	unsigned int lineno;
	size_t number;
	char *text;
};

struct import {
	const char *name; /* of the file */
	struct perlconf *conf;
	struct ruleset *shipped; /* NULL: not to be had */
	FILE *patterns, *settings;
	size_t nrules, nsettings;
	struct remark *remarks;
	size_t nremarks, lost;
};

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

/* Worth knowing. */
static void __attribute__((format(printf, 3, 4)))
remark(struct import *im, unsigned int lineno, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_remark(im, lineno, fmt, ap);
	va_end(ap);
}

/* Not carried over. */
static void __attribute__((format(printf, 3, 4)))
lose(struct import *im, unsigned int lineno, const char *fmt, ...)
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
		fprintf(stderr, "%s:%u: %s\n", im->name, im->remarks[i].lineno,
			im->remarks[i].text);
		free(im->remarks[i].text);
	}
	free(im->remarks);
}

/* ---- rules ---- */

static bool
can_write(const struct perl_value *value)
{
	return yamlout_can_quote(value->text, value->len);
}

/* How many of the programs a rule knows. */
static size_t
count_known(const struct rule *rule, const struct strings *programs)
{
	size_t i, n = 0;
	char **p;

	for (p = rule->programs; *p != NULL; p++)
		for (i = 0; i < programs->count; i++)
			n += strcmp(*p, programs->list[i]) == 0;
	return n;
}

/* The shipped rule that knows most of the programs; NULL: none knows any. */
static const struct rule *
find_shipped(const struct import *im, const struct strings *programs)
{
	const struct rule *found = NULL;
	size_t i, n, best = 0;

	for (i = 0; im->shipped != NULL && i < im->shipped->count; i++) {
		n = count_known(&im->shipped->list[i], programs);
		if (n > best) {
			best = n;
			found = &im->shipped->list[i];
		}
	}
	return found;
}

/* Does it compile, with the groups that it needs? */
static int
try_rule(struct rule *rule, struct err *err)
{
	char name[] = "imported", *programs[] = {name, NULL};
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct ruleset set = {rule, 1};
	struct matcher *matcher;
	const char *reason;

	rule->name = rule->server = rule->file = name;
	rule->programs = programs;
	rule->whole_line = true;
	matcher = matcher_new(&set, &all, err);
	if (matcher != NULL) {
		matcher_free(&matcher);
		return 0;
	}
	/* Its file and name are of our making. */
	reason = strstr(err->text, "': ");
	if (reason != NULL)
		memmove(err->text, reason + 3, strlen(reason + 3) + 1);
	return -1;
}

static void
write_programs(FILE *out, const struct strings *programs)
{
	size_t i;

	fputs("    program: [", out);
	for (i = 0; i < programs->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		yamlout_quote(out, programs->list[i],
			      strlen(programs->list[i]));
	}
	fputs("]\n", out);
}

/* The program is what the expression says; is it one that is known? */
static void
write_head(struct import *im, const char *name, const struct perl_value *from,
	   const char *expression)
{
	struct strings programs = {0};
	const struct rule *shipped;

	if (perlpattern_programs(expression, &programs) < 0) {
		strings_clear(&programs);
		strings_add(&programs, "CHANGE-ME");
		lose(im, from->lineno,
		     "%s: its program cannot be told: write it in place of "
		     "CHANGE-ME",
		     from->name);
	}
	fprintf(im->patterns, "  - name: %s\n", name);
	write_programs(im->patterns, &programs);
	shipped = find_shipped(im, &programs);
	if (shipped != NULL) {
		remark(im, from->lineno,
		       "%s: %s has rules of its own (%s), which count without "
		       "it; the imported rule is optional",
		       from->name, shipped->server, shipped->file);
		fputs("    optional: true\n", im->patterns);
	}
	fputs("    line: true\n", im->patterns);
	strings_clear(&programs);
	im->nrules++;
}

static void
write_expression(FILE *out, enum rule_role role, const char *expression)
{
	fprintf(out, "    %s: ", rule_roles()[role]);
	yamlout_quote(out, expression, strlen(expression));
	putc('\n', out);
}

/* An expression that fits the whole line, its time put in, its group number
 * `address` named (0: none is); NULL: there is no such group. */
static char *
convert(struct import *im, const struct perl_value *value,
	const char *expression, unsigned int address)
{
	const struct perl_value *logtime =
	    perlconf_find(im->conf, "$logtime_pat");
	char *timed, *named, *closed;
	bool front, back;

	timed = perlpattern_with_time(expression,
				      logtime ? logtime->text : usual_time);
	named = address > 0 ? perlpattern_named(timed, address, "ip")
			    : alloc_string(timed);
	free(timed);
	if (named == NULL)
		return NULL;
	closed = perlpattern_closed(named, &front, &back);
	free(named);
	if (front)
		remark(im, value->lineno,
		       "%s: it could begin anywhere, so `.*?' was put before "
		       "it: what strangers write may come first",
		       value->name);
	if (back)
		remark(im, value->lineno,
		       "%s: it could end anywhere, so `.*' was put behind it: "
		       "close it if you can",
		       value->name);
	return closed;
}

/* $pat, $pat2, $out_pat: one line, the address in group 2. */
static void
import_single(struct import *im, const struct perl_value *value,
	      enum rule_role role)
{
	struct rule rule = {.lineno = 1};
	struct err err;
	char *name, *p;

	if (value->len == 0)
		return;
	if (!can_write(value)) {
		lose(im, value->lineno, "%s: bytes that YAML cannot hold",
		     value->name);
		return;
	}
	rule.expressions[role] = convert(im, value, value->text, 2);
	if (rule.expressions[role] == NULL) {
		lose(im, value->lineno,
		     "%s: no second group that could be the address",
		     value->name);
	} else if (try_rule(&rule, &err) < 0) {
		lose(im, value->lineno, "%s: cannot be carried over: %s",
		     value->name, err.text);
	} else {
		name = alloc_format("imported-%s", value->name + 1);
		for (p = name; *p != '\0'; p++)
			if (*p == '_')
				*p = '-';
		write_head(im, name, value, value->text);
		write_expression(im->patterns, role, rule.expressions[role]);
		free(name);
	}
	free(rule.expressions[role]);
}

static bool
is_pat(const char *name)
{
	return strncmp(name, "$pat", 4) == 0 &&
	       strspn(name + 4, "0123456789") == strlen(name + 4);
}

/* One of $IP_pat, $OK_pat ...: with $PID_pat before it, if it has no header
 * of its own. */
static char *
with_pid(const struct perl_value *pid, const struct perl_value *value)
{
	if (pid == NULL || value->text[0] == '^' ||
	    strstr(value->text, "[LOGTIME]") != NULL)
		return alloc_string(value->text);
	return alloc_format("%s.*?%s", pid->text, value->text);
}

/* The address is the group behind that of the pid. */
static unsigned int
address_group(struct import *im, const struct perl_value *pid,
	      const char *expression)
{
	unsigned int time = perlpattern_groups(usual_time);
	const struct perl_value *logtime =
	    perlconf_find(im->conf, "$logtime_pat");

	if (logtime != NULL)
		time = perlpattern_groups(logtime->text);
	if (pid != NULL && strncmp(expression, pid->text, pid->len) == 0)
		return time + perlpattern_groups(pid->text) + 1;
	return time + perlpattern_groups(expression);
}

static int
convert_two(struct import *im, struct rule *rule)
{
	static const struct {
		const char *name;
		enum rule_role role;
	} parts[] = {{"$IP_pat", RULE_CONNECT},
		     {"$OK_pat", RULE_LOGIN},
		     {"$FAIL_pat", RULE_END},
		     {"$OUT_pat", RULE_END}};
	const struct perl_value *pid = perlconf_find(im->conf, "$PID_pat");
	const struct perl_value *value;
	char *whole, *converted, *both;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		value = perlconf_find(im->conf, parts[i].name);
		if (value == NULL || value->len == 0)
			continue;
		if (!can_write(value)) {
			lose(im, value->lineno,
			     "%s: bytes that YAML cannot hold", value->name);
			return -1;
		}
		whole = with_pid(pid, value);
		converted = convert(im, value, whole,
				    parts[i].role == RULE_CONNECT
					? address_group(im, pid, whole)
					: 0);
		free(whole);
		if (converted == NULL) {
			lose(im, value->lineno,
			     "%s: no group that could be the address",
			     value->name);
			return -1;
		}
		if (rule->expressions[parts[i].role] != NULL) {
			both = alloc_format("(?:%s)|(?:%s)",
					    rule->expressions[parts[i].role],
					    converted);
			free(rule->expressions[parts[i].role]);
			free(converted);
			converted = both;
		}
		rule->expressions[parts[i].role] = converted;
	}
	return 0;
}

/* The family of $PID_pat: a login in two lines. */
static void
import_two(struct import *im)
{
	const struct perl_value *pid = perlconf_find(im->conf, "$PID_pat");
	const struct perl_value *ip = perlconf_find(im->conf, "$IP_pat");
	const struct perl_value *okay = perlconf_find(im->conf, "$OK_pat");
	struct rule rule = {.lineno = 1};
	struct err err;
	int role;

	if (ip == NULL || okay == NULL || ip->len == 0 || okay->len == 0) {
		if (pid != NULL && pid->len > 0)
			lose(im, pid->lineno,
			     "$PID_pat: without $IP_pat and $OK_pat it is of "
			     "no use");
		return;
	}
	if (convert_two(im, &rule) == 0) {
		if (try_rule(&rule, &err) < 0) {
			lose(im, ip->lineno,
			     "$IP_pat, $OK_pat: cannot be carried over: %s",
			     err.text);
		} else {
			write_head(im, "imported-two-lines", pid ? pid : ip,
				   strstr(ip->text, "[LOGTIME]") || pid == NULL
				       ? ip->text
				       : pid->text);
			for (role = RULE_CONNECT; role <= RULE_END; role++)
				if (rule.expressions[role] != NULL)
					write_expression(
					    im->patterns, role,
					    rule.expressions[role]);
		}
	}
	for (role = 0; role < RULE_ROLES; role++)
		free(rule.expressions[role]);
}

static void
import_rules(struct import *im)
{
	const struct perlconf *conf = im->conf;
	const struct perl_value *value;
	size_t i;

	for (i = 0; i < conf->nvalues; i++) {
		value = &conf->values[i];
		if (is_pat(value->name) &&
		    perlconf_find(conf, value->name) == value)
			import_single(im, value, RULE_MATCH);
	}
	import_two(im);
	value = perlconf_find(conf, "$out_pat");
	if (value != NULL)
		import_single(im, value, RULE_LOGOUT);
}

/* ---- settings ---- */

static void
write_key(struct import *im, const char *key, const char *text)
{
	fprintf(im->settings, "%s: ", key);
	yamlout_quote(im->settings, text, strlen(text));
	putc('\n', im->settings);
	im->nsettings++;
}

static void
import_text(struct import *im, const struct perl_value *value, const char *key)
{
	write_key(im, key, value->text);
}

/* Its name was that of the file without ".db". */
static void
import_map(struct import *im, const struct perl_value *value, const char *key)
{
	char *map;

	if (value->text[0] != '/') {
		lose(im, value->lineno, "%s: '%s' is no absolute path",
		     value->name, value->text);
		return;
	}
	map = alloc_format("hash:%s", value->text);
	write_key(im, key, map);
	free(map);
}

static void
import_number(struct import *im, const struct perl_value *value,
	      const char *key)
{
	if (value->len == 0 || value->len > 8 || value->text[0] == '0' ||
	    strspn(value->text, "0123456789") != value->len) {
		lose(im, value->lineno, "%s: '%s' is no number of seconds",
		     value->name, value->text);
		return;
	}
	fprintf(im->settings, "%s: %s\n", key, value->text);
	im->nsettings++;
}

static void
import_truth(struct import *im, const struct perl_value *value, const char *key)
{
	bool no = value->len == 0 || strcmp(value->text, "0") == 0;

	fprintf(im->settings, "%s: %s\n", key, no ? "no" : "yes");
	im->nsettings++;
}

static void
import_nothing(struct import *im, const struct perl_value *value,
	       const char *why)
{
	remark(im, value->lineno, "%s: not needed: %s", value->name, why);
}

static void
import_elsewhere(struct import *im, const struct perl_value *value,
		 const char *why)
{
	lose(im, value->lineno, "%s: %s", value->name, why);
}

static const struct {
	const char *name;
	void (*import)(struct import *, const struct perl_value *,
		       const char *argument);
	const char *argument;
} settings[] = {
    {"%file_tail{name}", import_text, "logfile"},
    {"$watchlog", import_text, "logfile"},
    {"$dbfile", import_map, "dbfile"},
    {"$dbvalue", import_text, "value"},
    {"$grace", import_number, "grace"},
    {"$logto", import_text, "logto"},
    {"$write", import_truth, "write"},
    {"$flock", import_truth, "flock"},
    {"$debug", import_truth, "debug"},
    {"$reprocess", import_truth, "reprocess"},
    {"%file_tail{", import_nothing, "the kernel tells of new lines"},
    {"%ENV{TZ}", import_elsewhere, "set TZ in the environment of the service"},
    {"%ENV{", import_nothing, "the environment is the service's"},
};

/* The row for a name; one that ends with '{' is for all elements. -1: none. */
static int
find_setting(const char *name)
{
	size_t i, len;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		len = strlen(settings[i].name);
		if (strcmp(settings[i].name, name) == 0 ||
		    (settings[i].name[len - 1] == '{' &&
		     strncmp(settings[i].name, name, len) == 0))
			return (int)i;
	}
	return -1;
}

static bool
is_rules(const char *name)
{
	static const char *const names[] = {
	    "$logtime_pat", "$out_pat",	 "$PID_pat", "$IP_pat",
	    "$OK_pat",	    "$FAIL_pat", "$OUT_pat"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return is_pat(name);
}

/* @mynets: those that are never written. */
static void
import_nets(struct import *im)
{
	const struct perlconf *conf = im->conf;
	const struct perl_value *value;
	struct cidr net;
	size_t i, n = 0;

	for (i = 0; i < conf->nvalues; i++) {
		value = &conf->values[i];
		if (strcmp(value->name, "@mynets") != 0)
			continue;
		if (cidr_parse(&net, value->text, value->len) != 0) {
			lose(im, value->lineno, "@mynets: '%s' is no network",
			     value->text);
			continue;
		}
		if (n++ == 0)
			fputs("exclude:\n", im->settings);
		fputs("  - ", im->settings);
		yamlout_quote(im->settings, value->text, value->len);
		putc('\n', im->settings);
		im->nsettings++;
	}
}

static void
import_settings(struct import *im)
{
	const struct perlconf *conf = im->conf;
	const struct perl_value *value;
	size_t i;
	int row;

	for (i = 0; i < conf->nvalues; i++) {
		value = &conf->values[i];
		if (perlconf_find(conf, value->name) != value ||
		    strcmp(value->name, "@mynets") == 0 ||
		    is_rules(value->name))
			continue;
		row = find_setting(value->name);
		if (row < 0 && !value->used)
			lose(im, value->lineno, "%s: means nothing here",
			     value->name);
		else if (row >= 0 && !can_write(value))
			lose(im, value->lineno,
			     "%s: bytes that YAML cannot hold", value->name);
		else if (row >= 0)
			settings[row].import(im, value, settings[row].argument);
	}
	import_nets(im);
}

/* What was code, with what to do instead where there is something. */
static void
import_notes(struct import *im)
{
	static const struct {
		const char *name, *instead;
	} known[] = {
	    {"custom_match", "write a rule for each pattern: all count"},
	    {"mynet", "Postfix is asked for mynetworks; name others in "
		      "exclude:"},
	    {"$mynet_func", "Postfix is asked for mynetworks; name others in "
			    "exclude:"},
	    {"@mynets", "name the networks in exclude:"},
	    {"$tie_func", "the type of the map is that before its name in "
			  "dbfile:"},
	    {"$sync_func", "dbfile: keeps maps of its own types"},
	    {"$flock_func", "dbfile: keeps maps of its own types"},
	    {"$add_func", "dbfile: keeps maps of its own types"},
	    {"$del_func", "dbfile: keeps maps of its own types"},
	    {"$log_func", "logto: says where messages go"},
	    {"$tail_", "logfile: may be `-', standard input, or `journal:'"},
	};
	const struct perl_note *note;
	const char *instead;
	size_t i, k;

	for (i = 0; i < im->conf->nnotes; i++) {
		note = &im->conf->notes[i];
		instead = NULL;
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (instead == NULL &&
			    strncmp(note->text, known[k].name,
				    strlen(known[k].name)) == 0)
				instead = known[k].instead;
		lose(im, note->lineno, "%s: cannot be carried over%s%s",
		     note->text, instead ? ": " : "", instead ? instead : "");
	}
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

	errno = 0;
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
