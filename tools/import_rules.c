/* The expressions of the Perl program, as rules that see the whole line. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/matcher.h"
#include "patterns/match/rules.h"
#include "tools/import.h"
#include "tools/perlconf.h"
#include "tools/perlpattern.h"
#include "tools/yamlout.h"

static const char usual_time[] = "(\\w\\w\\w +\\d+ \\d+:\\d+:\\d+)";

/* How many of the programs a rule knows. */
static size_t
count_known(const struct rule *rule, const struct strings *programs)
{
	size_t i, n = 0;

	for (i = 0; i < programs->count; i++)
		n += rule_knows_program(rule, programs->list[i],
					strlen(programs->list[i]));
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
		import_lose(
		    im, from->lineno,
		    "%s: its program cannot be told: write it in place of "
		    "CHANGE-ME",
		    from->name);
	}
	fprintf(im->patterns, "  - name: %s\n", name);
	write_programs(im->patterns, &programs);
	shipped = find_shipped(im, &programs);
	if (shipped != NULL) {
		import_remark(
		    im, from->lineno,
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
		import_remark(
		    im, value->lineno,
		    "%s: it could begin anywhere, so `.*?' was put before "
		    "it: what strangers write may come first",
		    value->name);
	if (back)
		import_remark(
		    im, value->lineno,
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
	if (!import_can_write(value)) {
		import_lose(im, value->lineno,
			    "%s: bytes that YAML cannot hold", value->name);
		return;
	}
	rule.expressions[role] = convert(im, value, value->text, 2);
	if (rule.expressions[role] == NULL) {
		import_lose(im, value->lineno,
			    "%s: no second group that could be the address",
			    value->name);
	} else if (try_rule(&rule, &err) < 0) {
		import_lose(im, value->lineno, "%s: cannot be carried over: %s",
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

bool
import_is_rule(const char *name)
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
		if (!import_can_write(value)) {
			import_lose(im, value->lineno,
				    "%s: bytes that YAML cannot hold",
				    value->name);
			return -1;
		}
		whole = with_pid(pid, value);
		converted = convert(im, value, whole,
				    parts[i].role == RULE_CONNECT
					? address_group(im, pid, whole)
					: 0);
		free(whole);
		if (converted == NULL) {
			import_lose(im, value->lineno,
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
			import_lose(
			    im, pid->lineno,
			    "$PID_pat: without $IP_pat and $OK_pat it is of "
			    "no use");
		return;
	}
	if (convert_two(im, &rule) == 0) {
		if (try_rule(&rule, &err) < 0) {
			import_lose(
			    im, ip->lineno,
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

void
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
	if (value == NULL || value->len == 0)
		return;
	import_single(im, value, RULE_LOGOUT);
	import_remark(im, value->lineno,
		      "$out_pat: a logout counts only with 'sessions: yes'");
}
