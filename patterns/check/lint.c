#include "patterns/check/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "patterns/check/captures.h"
#include "patterns/check/imitation.h"
#include "patterns/check/injection_points.h"
#include "patterns/check/line_cut.h"
#include "patterns/check/worst_case.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/regex_tokens.h"
#include "patterns/match/rules.h"

struct lint {
	const struct rule *rule;
	const struct ruleset *set;
	struct recognizer *recognizer;
	time_t now;
	lint_fn *fn;
	void *arg;
};

static void __attribute__((format(printf, 3, 4)))
report(const struct lint *lint, bool fault, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	lint->fn(lint->arg, lint->rule, fault, why);
}

/* ---- samples ---- */

static void
check_samples(const struct lint *lint)
{
	const struct rule *rule = lint->rule;

	if (rule->accept.count < LINT_ACCEPT_MIN)
		report(lint, true,
		       "no accept samples: nothing shows that the rule works");
	if (rule->reject.count < LINT_REJECT_MIN)
		report(lint, true,
		       "%zu reject sample%s, not %d: add a failed login, one "
		       "whose user name imitates a success, a logout",
		       rule->reject.count, rule->reject.count == 1 ? "" : "s",
		       LINT_REJECT_MIN);
}

/* ---- expressions ---- */

static const char *
role_name(enum rule_role role)
{
	return rule_roles()[role];
}

static bool
is_unbounded(const struct regex_token *a)
{
	return a->kind == TOKEN_BYTES && a->max >= TOKEN_UNBOUNDED;
}

/*
 * A '.*' before the address lets a stranger's text go on up to any address in
 * it. This may be right for a user name between words that only the server
 * writes, and is wrong everywhere else.
 */
static void
check_reach(const struct lint *lint, const struct regex_tokens *tokens,
	    enum rule_role role)
{
	size_t i, ip = regex_tokens_group(tokens, "ip", 0);
	size_t user = regex_tokens_group(tokens, "user", 0);
	bool within;

	for (i = 0; ip < tokens->count && i < ip; i++) {
		if (!tokens->list[i].any || !is_unbounded(&tokens->list[i]))
			continue;
		within = user < i && i < tokens->list[user].other;
		report(lint, !within,
		       "%s: '%c%c' at column %zu matches anything before the "
		       "address: %s",
		       role_name(role), '.', tokens->list[i].min ? '+' : '*',
		       tokens->list[i].at + 1,
		       within ? "make sure that no user name can change where "
				"the address is"
			      : "list the bytes that are allowed there");
	}
}

static void
check_address(const struct lint *lint, const struct regex_tokens *tokens,
	      enum rule_role role)
{
	size_t ip = regex_tokens_group(tokens, "ip", 0);
	const struct regex_token *a = &tokens->list[ip];

	if (ip == tokens->count)
		return;
	if (regex_tokens_group(tokens, "ip", ip + 1) < tokens->count)
		report(
		    lint, true,
		    "%s: more than one group (?<ip>...): capture the address "
		    "in one place only",
		    role_name(role));
	if (a->min == 0 || regex_tokens_least(tokens, ip + 1, a->other) == 0)
		report(lint, true, "%s: (?<ip>...) may be empty",
		       role_name(role));
	if (a->max > 1)
		report(lint, true,
		       "%s: (?<ip>...) repeats: capture the address in one "
		       "place only",
		       role_name(role));
}

/* A group around the address that is optional, repeats or has alternatives
 * gives more than one way to find it. */
static void
check_groups(const struct lint *lint, const struct regex_tokens *tokens,
	     enum rule_role role)
{
	size_t i, ip = regex_tokens_group(tokens, "ip", 0);
	const struct regex_token *a;

	for (i = 0; ip < tokens->count && i < ip; i++) {
		a = &tokens->list[i];
		if (a->kind != TOKEN_OPEN || a->other < ip)
			continue;
		if (a->min != 1 || a->max != 1)
			report(lint, true,
			       "%s: the address is in a group that is optional "
			       "or repeats (column %zu)",
			       role_name(role), a->at + 1);
		if (a->branches)
			report(lint, false,
			       "%s: the address is in one of several "
			       "alternatives (column %zu)",
			       role_name(role), a->at + 1);
	}
}

static bool
any_admits(const struct regex_tokens *tokens, size_t begin, size_t end,
	   unsigned char c, bool unbounded)
{
	size_t i;

	for (i = begin; i < end; i++)
		if (byte_set_has(&tokens->list[i].set, c) &&
		    (!unbounded || is_unbounded(&tokens->list[i])))
			return true;
	return false;
}

/* Where the user name ends cannot be told if both the name and what follows may
 * contain the byte that ends it. */
static void
check_user(const struct lint *lint, const struct regex_tokens *tokens,
	   enum rule_role role)
{
	size_t user = regex_tokens_group(tokens, "user", 0), close;
	int c;

	if (user == tokens->count)
		return;
	close = tokens->list[user].other;
	c = close + 1 < tokens->count
		? regex_token_literal(&tokens->list[close + 1])
		: -1;
	if (c >= 0 &&
	    any_admits(tokens, user + 1, close, (unsigned char)c, false) &&
	    any_admits(tokens, close + 2, tokens->count, (unsigned char)c,
		       true))
		report(lint, true,
		       "%s: both the user and what follows may contain '%c', "
		       "which ends the user: a line can be read in more than "
		       "one way",
		       role_name(role), c);
}

static void
check_expression(const struct lint *lint, enum rule_role role)
{
	struct regex_tokens tokens;

	regex_tokens_read(&tokens, lint->rule->expressions[role]);
	check_reach(lint, &tokens, role);
	check_address(lint, &tokens, role);
	check_groups(lint, &tokens, role);
	check_user(lint, &tokens, role);
	regex_tokens_clear(&tokens);
}

/* ---- sessions ---- */

static bool
names(const char *expression, const char *group)
{
	struct regex_tokens tokens;
	bool found;

	if (expression == NULL)
		return false;
	regex_tokens_read(&tokens, expression);
	found = regex_tokens_group(&tokens, group, 0) < tokens.count;
	regex_tokens_clear(&tokens);
	return found;
}

/* A login that captures a session ends at a logout with the same session, any
 * other login at one with the same address. A logout that captures neither what
 * some login of the server does ends no session. */
static void
check_logout(const struct lint *lint)
{
	const struct rule *logout = lint->rule, *rule, *end;
	bool session = names(logout->logout, "session");
	bool address = names(logout->logout, "ip");
	bool named, logins = false;

	end = lint->set->list + lint->set->count;
	for (rule = lint->set->list; rule < end; rule++) {
		if (rule->logout != NULL ||
		    strcmp(rule->server, logout->server) != 0)
			continue;
		logins = true;
		named = names(rule->match, "session") ||
			names(rule->connect, "session") ||
			names(rule->login, "session");
		if (named ? session : address)
			return;
	}
	report(lint, false, "logout: ends no session: %s",
	       !logins	 ? "this server has no login rule"
	       : session ? "it captures a session, which no login rule of "
			   "this server does"
			 : "it captures no session, unlike each login rule "
			   "of this server");
}

/* ---- match limit ---- */

/* A worst_case_fn: whether PCRE2 gave up on this rule. */
static bool
gives_up(void *arg, const char *line, size_t len)
{
	const struct lint *lint = arg;
	struct found found;
	struct err err = {""};

	recognizer_forget(lint->recognizer);
	return recognize(lint->recognizer, line, len, lint->now, &found,
			 &err) == FOUND_DOUBTFUL &&
	       strstr(err.text, "gave up") != NULL &&
	       strstr(err.text, lint->rule->name) != NULL;
}

static void
check_steps(struct lint *lint)
{
	struct injection_points points = {0};
	const struct sample_run_line *line;
	struct sample_run run;
	const struct injection_point *p;
	size_t i;

	injection_points_find(&points, lint->recognizer, lint->rule, lint->now);
	for (i = 0; i < points.count; i++) {
		p = &points.list[i];
		sample_run_set(&run, p->sample);
		line = &run.lines[p->line];
		if (!p->accept || p->closed ||
		    !worst_case(line->bytes, line->len, p->begin, p->end,
				gives_up, lint))
			continue;
		report(lint, false,
		       "a line of 64 KiB made from the sample at line %u takes "
		       "too many steps: it grants nothing, but is logged each "
		       "time",
		       p->sample->lineno);
		break;
	}
	injection_points_clear(&points);
}

/* ---- cut lines ---- */

/* Whether the imitation is a login if its line was cut at the limit. */
static bool
passes(const struct lint *lint, const struct imitation *imitation,
       const struct injection_point *head, size_t limit, size_t spare)
{
	char bytes[16 * 1024];
	struct sample_run_addrs got = {0};
	struct sample_run run;
	size_t len =
	    imitation_write(imitation, limit, spare, bytes, sizeof(bytes));

	if (len == 0 || !imitation_is_possible(imitation, lint->rule, len))
		return false;
	sample_run_set(&run, head->sample);
	run.lines[head->line].bytes = bytes;
	run.lines[head->line].len = len;
	sample_run_collect(&run, lint->recognizer, lint->now, &got);
	return sample_run_beyond(&got, &head->allowed) != NULL;
}

/* The first limit that makes a success of the refused login which begins before
 * the point, or 0. */
static size_t
find_limit(const struct lint *lint, const struct imitation *imitation,
	   const struct injection_point *head)
{
	size_t i, spare;

	for (i = 0; i < line_cut_count(); i++)
		for (spare = 0; spare <= LINE_CUT_SPARE; spare++)
			if (passes(lint, imitation, head, line_cut_limit(i),
				   spare))
				return line_cut_limit(i);
	return 0;
}

/* Tries the login of one accept sample, stretched at a point of it, as the end
 * of a refused one. */
static bool
check_cut_at(const struct lint *lint, const struct injection_point *login,
	     const struct injection_point *head)
{
	struct captures parts;
	struct imitation imitation = {.parts = &parts, .filler = login->begin};
	struct sample_run run;
	size_t limit;

	sample_run_set(&run, login->sample);
	imitation.login = run.lines[login->line].bytes;
	imitation.head = head->sample->lines[head->line];
	imitation.head_len = head->begin;
	if (!captures_find(&parts, lint->recognizer, imitation.login,
			   run.lines[login->line].len) ||
	    parts.rule != lint->rule || login->begin < parts.user)
		return false;
	limit = find_limit(lint, &imitation, head);
	if (limit > 0)
		report(lint, true,
		       "the refused login at line %u would be a success if a "
		       "syslogd cut its line at %zu bytes, inside the user "
		       "name: bound the text, as '(?!.{190})' does, or say "
		       "what is known of the name by 'cut' or 'checked'",
		       head->sample->lineno, limit);
	return limit > 0;
}

static void
check_cuts(const struct lint *lint)
{
	struct injection_points points = {0};
	const struct injection_point *head, *login, *end;
	bool found = false;

	injection_points_find(&points, lint->recognizer, lint->rule, lint->now);
	end = points.list + points.count;
	for (head = points.list; head < end && !found; head++)
		for (login = points.list; login < end && !found; login++)
			found = !head->accept && !head->sample->user_checked &&
				login->accept &&
				check_cut_at(lint, login, head);
	injection_points_clear(&points);
}

/* ---- the rule ---- */

void
lint_rule(const struct rule *rule, const struct ruleset *set,
	  struct recognizer *recognizer, time_t now, lint_fn *fn, void *arg)
{
	struct lint lint = {rule, set, recognizer, now, fn, arg};
	enum rule_role role;

	check_samples(&lint);
	if (rule->whole_line)
		report(&lint, false,
		       "line: true is slower, and lets a stranger's text pass "
		       "for a header: match the text instead");
	for (role = 0; role < RULE_MULTILINE; role++)
		if (rule->expressions[role] != NULL)
			check_expression(&lint, role);
	if (rule->logout != NULL)
		check_logout(&lint);
	check_steps(&lint);
	check_cuts(&lint);
}
