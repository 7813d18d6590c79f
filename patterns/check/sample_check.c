#include "patterns/check/sample_check.h"

#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

static bool
is_result(enum finding finding, const struct rule *rule)
{
	return finding == (rule->logout	     ? FOUND_LOGOUT
			   : rule->multiline ? FOUND_MULTILINE
					     : FOUND_LOGIN);
}

/* A sample that does not name it allows anything. */
static int
compare_text(const char *what, const char *got, size_t len, const char *want,
	     struct err *err)
{
	if (want == NULL)
		return 0;
	if (got == NULL)
		return err_set(err, "found no %s, expected %s", what, want);
	if (len == strlen(want) && memcmp(got, want, len) == 0)
		return 0;
	return err_set(err, "found %s %.*s, expected %s", what, (int)len, got,
		       want);
}

/* Compares what was captured with what the sample asks for. */
static int
compare(const struct match *match, const struct sample *sample, struct err *err)
{
	char got[ADDR_TEXT_MAX] = "no address";
	struct addr want;

	if (match->addr.family != 0)
		addr_format(&match->addr, got);
	if (sample->ip != NULL &&
	    (addr_parse(&want, sample->ip, strlen(sample->ip)) != 0 ||
	     !addr_equal(&match->addr, &want)))
		return err_set(err, "found %s, expected %s", got, sample->ip);
	if (compare_text("user", match->user, match->user_len, sample->user,
			 err) < 0)
		return -1;
	return compare_text("session", match->session, match->session_len,
			    sample->session, err);
}

/* If the rule does not apply to the line, sets err to the reason. */
static void
explain_mismatch(const struct rule *rule, const struct logline *line,
		 struct err *err)
{
	if (rule->header != line->header)
		err_set(err, "its header is %s, the rule expects %s",
			header_names()[line->header],
			header_names()[rule->header]);
	else if (!rule_knows_program(rule, line->program, line->program_len))
		err_set(err, "the rule does not name program '%.*s'",
			(int)line->program_len, line->program);
}

int
sample_check_accept(struct recognizer *r, const struct rule *rule,
		    const struct sample *sample, time_t now, struct err *err)
{
	struct found found;
	enum finding finding;
	size_t i, times = 0;

	recognizer_forget(r);
	err_set(err, "no rule matches");
	for (i = 0; i < sample->nlines; i++) {
		finding = recognize(r, sample->lines[i],
				    strlen(sample->lines[i]), now, &found, err);
		if (finding == FOUND_HEADERLESS)
			err_set(err, "unknown log header");
		if (finding == FOUND_NOTHING)
			explain_mismatch(rule, &found.line, err);
		if (finding == FOUND_PART)
			err_set(err, "the other line of the login is missing");
		if (!is_result(finding, rule))
			continue;
		if (found.match.rule != rule)
			return err_set(err, "rule %s matches it",
				       found.match.rule->name);
		if (++times > 1)
			return err_set(err, "accepted more than once");
		if (compare(&found.match, sample, err) < 0)
			return -1;
	}
	return times == 1 ? 0 : -1;
}

/* Another rule may match the sample, this one must not. */
int
sample_check_reject(struct recognizer *r, const struct rule *rule,
		    const struct sample *sample, time_t now, struct err *err)
{
	struct found found;
	enum finding finding;
	size_t i;

	recognizer_forget(r);
	for (i = 0; i < sample->nlines; i++) {
		finding = recognize(r, sample->lines[i],
				    strlen(sample->lines[i]), now, &found, err);
		if (is_result(finding, rule) && found.match.rule == rule)
			return err_set(err, "is accepted: %s",
				       sample->why ? sample->why
						   : "a reject sample");
	}
	return 0;
}
