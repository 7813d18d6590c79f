#include "patterns/matcher.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "patterns/prefix.h"
#include "patterns/reach.h"

/* For the interpreter, where there is no JIT: KiB. The expressions that ship
 * stay below 20. */
enum { HEAP_LIMIT_KIB = 1024 };

/* An expression of a rule, compiled. */
struct expression {
	const struct rule *rule;
	enum rule_role role;
	pcre2_code *code;
	uint32_t ip, user, session; /* group numbers; 0 = none */
};

/* The expressions of one program. */
struct program {
	uint64_t key;
	const char *name; /* borrowed from the rule */
	size_t name_len;
	struct expression **list;
	size_t count;
	struct prefix *prefix; /* of all in list */
};

struct matcher {
	struct expression *expressions;
	size_t count;
	struct program *programs; /* open addressing, 1 << bits slots */
	unsigned int bits;
	bool jit;
	pcre2_match_context *context;
	pcre2_match_data *data;
};

/*
 * A program's name and header in 64 bits; equal for nearly no two names of one
 * length. Strangers may choose names, but only those of the rules are in the
 * table, so this need not resist anybody. It is computed for every line.
 */
static inline uint64_t
program_key(enum header header, const char *name, size_t len)
{
	uint64_t first = 0, last = 0;

	if (len >= 8) {
		memcpy(&first, name, 8);
		memcpy(&last, name + len - 8, 8);
	} else if (len >= 4) {
		memcpy(&first, name, 4);
		memcpy(&last, name + len - 4, 4);
	} else if (len > 0) {
		first = (unsigned char)name[0];
		last = (unsigned char)name[len - 1];
	}
	first = (first ^ len << 56) * 0x9e3779b97f4a7c15;
	last = (last ^ (uint64_t)header << 56) * 0xc2b2ae3d27d4eb4f;
	return (first >> 29 ^ last) * 0x9e3779b97f4a7c15;
}

/* The slot of a program, or the free one where it would stand. */
static inline struct program *
program_slot(const struct matcher *matcher, enum header header,
	     const char *name, size_t len)
{
	uint64_t key = program_key(header, name, len);
	size_t mask = ((size_t)1 << matcher->bits) - 1;
	struct program *slot;
	size_t i;

	for (i = key >> (64 - matcher->bits);; i = (i + 1) & mask) {
		slot = &matcher->programs[i];
		if (slot->name == NULL)
			return slot;
		if (slot->key == key && slot->name_len == len &&
		    memcmp(slot->name, name, len) == 0 &&
		    slot->list[0]->rule->header == header)
			return slot;
	}
}

static void
program_add(struct matcher *matcher, const char *name, struct expression *expr)
{
	const struct rule *rule = expr->rule;
	struct program *slot;

	slot = program_slot(matcher, rule->header, name, strlen(name));
	if (slot->name == NULL) {
		slot->name = name;
		slot->name_len = strlen(name);
		slot->key = program_key(rule->header, name, strlen(name));
		slot->prefix = alloc_zero(1, sizeof(*slot->prefix));
	}
	/* A program named twice in one rule: once is enough. */
	if (slot->count > 0 && slot->list[slot->count - 1] == expr)
		return;
	prefix_add(slot->prefix, slot->count,
		   rule->whole_line ? NULL : rule->expressions[expr->role]);
	slot->list = alloc_resize(slot->list, slot->count + 1,
				  sizeof(struct expression *));
	slot->list[slot->count++] = expr;
}

/* "file:line: rule 'name': " stands before each. */
static int
rule_err(const struct rule *rule, struct err *err)
{
	return err_prefix(err, "%s:%u: rule '%s'", rule->file, rule->lineno,
			  rule->name);
}

static int
pcre_err(const struct expression *expr, int code, size_t offset,
	 struct err *err)
{
	PCRE2_UCHAR text[256];

	pcre2_get_error_message(code, text, sizeof(text));
	err_set(err, "%s: %s at column %zu", rule_roles()[expr->role],
		(char *)text, offset + 1);
	return rule_err(expr->rule, err);
}

/* The number of a named group: 1, 0 = there is none, -1 = there are two. */
static int
find_group(const struct expression *expr, const char *name, uint32_t *number,
	   struct err *err)
{
	int n = pcre2_substring_number_from_name(expr->code, (PCRE2_SPTR)name);

	*number = n < 0 ? 0 : (uint32_t)n;
	if (n != PCRE2_ERROR_NOUNIQUESUBSTRING)
		return n > 0;
	err_set(err, "%s: two groups (?<%s>...)", rule_roles()[expr->role],
		name);
	return rule_err(expr->rule, err);
}

static int
find_groups(struct expression *expr, struct err *err)
{
	const char *missing = NULL;
	uint32_t groups;

	if (find_group(expr, "ip", &expr->ip, err) < 0 ||
	    find_group(expr, "user", &expr->user, err) < 0 ||
	    find_group(expr, "session", &expr->session, err) < 0)
		return -1;
	pcre2_pattern_info(expr->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	/* Expressions of the Perl program: group 1 is the time, which the
	 * header has told already; group 2 the address. */
	if (expr->ip == 0 && expr->rule->whole_line && groups >= 2 &&
	    expr->role == RULE_MATCH)
		expr->ip = 2;
	if (expr->ip == 0 &&
	    (expr->role == RULE_MATCH || expr->role == RULE_CONNECT))
		missing = "(?<ip>...)";
	if (expr->ip == 0 && expr->session == 0 && expr->role == RULE_LOGOUT)
		missing = "(?<ip>...) nor (?<session>...)";
	if (missing == NULL)
		return 0;
	err_set(err, "%s: no group %s", rule_roles()[expr->role], missing);
	return rule_err(expr->rule, err);
}

/* Bytes, not characters: logs hold what is no UTF-8, and a rule must not fail
 * on it. PCRE2's own look ahead, for a byte that must come, finds little in
 * what our table lets pass, and reads behind the end of the text. */
static const uint32_t expression_options =
    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
    PCRE2_NO_START_OPTIMIZE;

static int
expression_init(struct expression *expr, const struct rule *rule,
		enum rule_role role, struct err *err)
{
	PCRE2_SIZE offset;
	int code;

	expr->rule = rule;
	expr->role = role;
	expr->code = pcre2_compile((PCRE2_SPTR)rule->expressions[role],
				   PCRE2_ZERO_TERMINATED, expression_options,
				   &code, &offset, NULL);
	if (expr->code == NULL)
		return pcre_err(expr, code, offset, err);
	return find_groups(expr, err);
}

static bool
is_chosen(const struct rule *rule, const struct rule_choice *choice)
{
	size_t i;

	if (rule->logout != NULL && !choice->logouts)
		return false;
	if (!rule->optional || choice->all)
		return true;
	for (i = 0; i < choice->nenabled; i++)
		if (strcmp(choice->enabled[i], rule->name) == 0)
			return true;
	return false;
}

static int
unknown_name(const struct ruleset *set, const char *name, struct err *err)
{
	const char **names = alloc_zero(set->count + 1, sizeof(*names));
	const char *near;
	size_t i;

	for (i = 0; i < set->count; i++)
		names[i] = set->list[i].name;
	near = suggest(name, names);
	err_set(err,
		near ? "unknown rule '%s' (did you mean '%s'?)"
		     : "unknown rule '%s'",
		name, near);
	free(names);
	return -1;
}

static int
check_choice(const struct ruleset *set, const struct rule_choice *choice,
	     struct err *err)
{
	size_t i, k;

	for (i = 0; i < choice->nenabled; i++) {
		for (k = 0; k < set->count; k++)
			if (strcmp(set->list[k].name, choice->enabled[i]) == 0)
				break;
		if (k == set->count)
			return unknown_name(set, choice->enabled[i], err);
	}
	return 0;
}

static int
compile(struct matcher *matcher, const struct ruleset *set,
	const struct rule_choice *choice, struct err *err)
{
	const struct rule *rule = set->list, *end = set->list + set->count;
	enum rule_role role;

	matcher->expressions =
	    alloc_zero(set->count * RULE_ROLES, sizeof(*matcher->expressions));
	for (; rule < end; rule++) {
		if (!is_chosen(rule, choice))
			continue;
		for (role = 0; role < RULE_ROLES; role++) {
			if (rule->expressions[role] == NULL)
				continue;
			if (expression_init(
				&matcher->expressions[matcher->count++], rule,
				role, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* JIT for all or for none: a system that forbids writable code (systemd's
 * MemoryDenyWriteExecute=) gets the interpreter. */
static void
compile_jit(struct matcher *matcher)
{
	size_t i;

	matcher->jit = true;
	for (i = 0; i < matcher->count && matcher->jit; i++)
		matcher->jit = pcre2_jit_compile(matcher->expressions[i].code,
						 PCRE2_JIT_COMPLETE) == 0;
}

static void
index_programs(struct matcher *matcher)
{
	struct expression *expr;
	size_t i, n = 0;
	char **p;

	for (i = 0; i < matcher->count; i++)
		for (p = matcher->expressions[i].rule->programs; *p; p++)
			n++;
	for (matcher->bits = 6; (size_t)1 << matcher->bits < 4 * n;)
		matcher->bits++;
	matcher->programs =
	    alloc_zero((size_t)1 << matcher->bits, sizeof(*matcher->programs));
	for (i = 0; i < matcher->count; i++) {
		expr = &matcher->expressions[i];
		for (p = expr->rule->programs; *p; p++)
			program_add(matcher, *p, expr);
	}
}

static void
make_room(struct matcher *matcher)
{
	uint32_t groups, max = 1;
	size_t i;

	for (i = 0; i < matcher->count; i++) {
		pcre2_pattern_info(matcher->expressions[i].code,
				   PCRE2_INFO_CAPTURECOUNT, &groups);
		if (groups + 1 > max)
			max = groups + 1;
	}
	matcher->data = pcre2_match_data_create(max, NULL);
	matcher->context = pcre2_match_context_create(NULL);
	assert(matcher->data != NULL && matcher->context != NULL);
	pcre2_set_match_limit(matcher->context, MATCHER_LIMIT);
	pcre2_set_depth_limit(matcher->context, MATCHER_LIMIT);
	pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KIB);
}

struct matcher *
matcher_new(const struct ruleset *set, const struct rule_choice *choice,
	    struct err *err)
{
	static const struct rule_choice usual;
	struct matcher *matcher = alloc_zero(1, sizeof(*matcher));

	if (choice == NULL)
		choice = &usual;
	if (check_choice(set, choice, err) < 0 ||
	    compile(matcher, set, choice, err) < 0) {
		matcher_free(&matcher);
		return NULL;
	}
	compile_jit(matcher);
	index_programs(matcher);
	make_room(matcher);
	return matcher;
}

void
matcher_free(struct matcher **matcherp)
{
	struct matcher *matcher = *matcherp;
	size_t i;

	*matcherp = NULL;
	if (matcher == NULL)
		return;
	pcre2_match_data_free(matcher->data);
	pcre2_match_context_free(matcher->context);
	for (i = 0; matcher->programs != NULL && i >> matcher->bits == 0; i++) {
		free(matcher->programs[i].list);
		free(matcher->programs[i].prefix);
	}
	for (i = 0; i < matcher->count; i++)
		pcre2_code_free(matcher->expressions[i].code);
	free(matcher->programs);
	free(matcher->expressions);
	free(matcher);
}

bool
matcher_names(const struct matcher *matcher, const struct rule *rule,
	      enum rule_role role, const char *group)
{
	const struct expression *expr;
	size_t i;

	for (i = 0; i < matcher->count; i++) {
		expr = &matcher->expressions[i];
		if (expr->rule == rule && expr->role == role)
			return pcre2_substring_number_from_name(
				   expr->code, (PCRE2_SPTR)group) > 0;
	}
	return false;
}

bool
matcher_has_jit(const struct matcher *matcher)
{
	return matcher->jit;
}

/* Whether one of eight bytes is below 0x20 or is 0x7f. Exact as an answer for
 * all eight, which is all that is asked. */
static bool
word_has_control(uint64_t w)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	uint64_t del = w ^ ones * 0x7f;

	return (((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & high;
}

/* No server writes control bytes into a login: somebody else did. TAB parts
 * the columns of logs that are not syslog's. */
static bool
has_control(const char *text, size_t len, bool tab)
{
	unsigned char c;
	uint64_t w;
	size_t i = 0;

	for (; !tab && len - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, text + i, sizeof(w));
		if (word_has_control(w))
			return true;
	}
	for (; i < len; i++) {
		c = (unsigned char)text[i];
		if ((c < 0x20 && !(c == '\t' && tab)) || c == 0x7f)
			return true;
	}
	return false;
}

/* What a group captured: true, or false: it is not there, or empty. */
static bool
captured(const struct matcher *matcher, uint32_t group, const char *text,
	 const char **out, size_t *len)
{
	const PCRE2_SIZE *at =
	    pcre2_get_ovector_pointer(matcher->data) + 2 * group;

	*out = NULL;
	*len = 0;
	if (group == 0 || at[0] == PCRE2_UNSET || at[1] <= at[0])
		return false;
	*out = text + at[0];
	*len = at[1] - at[0];
	return true;
}

/* The expression fits; what did it capture? */
static int
take(const struct matcher *matcher, const struct expression *expr,
     const char *text, size_t len, struct match *out, struct err *err)
{
	bool tab = expr->rule->header != HEADER_SYSLOG;

	if (has_control(text, len, tab))
		return err_set(err, "rule %s: control bytes in the line",
			       expr->rule->name);
	out->addr = (struct addr){0};
	captured(matcher, expr->ip, text, &out->ip, &out->ip_len);
	if (expr->ip != 0 && (out->ip == NULL ||
			      addr_parse(&out->addr, out->ip, out->ip_len) < 0))
		return err_set(err, "rule %s: captured no address",
			       expr->rule->name);
	out->rule = expr->rule;
	out->role = expr->role;
	captured(matcher, expr->user, text, &out->user, &out->user_len);
	captured(matcher, expr->session, text, &out->session,
		 &out->session_len);
	return 1;
}

static int
try_one(const struct matcher *matcher, const struct expression *expr,
	const struct logline *line, struct match *out, struct err *err)
{
	const char *text = expr->rule->whole_line ? line->line : line->text;
	size_t len = expr->rule->whole_line ? line->line_len : line->text_len;
	int r;

	if (matcher->jit)
		r = pcre2_jit_match(expr->code, (PCRE2_SPTR)text, len, 0, 0,
				    matcher->data, matcher->context);
	else
		r = pcre2_match(expr->code, (PCRE2_SPTR)text, len, 0, 0,
				matcher->data, matcher->context);
	if (r > 0)
		return take(matcher, expr, text, len, out, err);
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	return err_set(err, "rule %s: gave up (PCRE2 error %d)",
		       expr->rule->name, r);
}

int
matcher_match(struct matcher *matcher, const struct logline *line,
	      struct match *out, struct err *err)
{
	const struct program *program;
	unsigned int fits;
	size_t i;
	int r = 0;

	program = program_slot(matcher, line->header, line->program,
			       line->program_len);
	if (program->count == 0)
		return 0;
	fits = prefix_fits(program->prefix, line->text, line->text_len);
	/* A rule that gave up ends it: what the next one says of such a line
	 * is not to be trusted either. */
	for (i = 0; fits != 0 && i < program->count && r == 0; i++)
		if (fits >> prefix_bit(i) & 1)
			r = try_one(matcher, program->list[i], line, out, err);
	return r;
}

/* ---- for those who explain ---- */

static int
on_callout(pcre2_callout_block *block, void *arg)
{
	reach_see(arg, block->pattern_position, block->current_position);
	return 0;
}

/* How far an expression gets that does not fit: PCRE2 tells of each item that
 * it tries. */
static void
find_reach(const struct matcher *matcher, const struct expression *expr,
	   const struct logline *line, struct attempt *attempt)
{
	const char *expression = expr->rule->expressions[expr->role];
	const char *text = expr->rule->whole_line ? line->line : line->text;
	size_t len = expr->rule->whole_line ? line->line_len : line->text_len;
	struct reach reach;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int number;

	code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
			     expression_options | PCRE2_AUTO_CALLOUT, &number,
			     &offset, NULL);
	if (code == NULL)
		return;
	reach_begin(&reach, expression);
	pcre2_set_callout(matcher->context, on_callout, &reach);
	pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, matcher->data,
		    matcher->context);
	pcre2_set_callout(matcher->context, NULL, NULL);
	attempt->text_at = reach.text_at;
	attempt->expression_at = reach.expression_at;
	reach_end(&reach);
	pcre2_code_free(code);
}

size_t
matcher_explain(struct matcher *matcher, const struct logline *line,
		matcher_attempt_fn *fn, void *arg)
{
	const struct program *program = program_slot(
	    matcher, line->header, line->program, line->program_len);
	struct attempt attempt;
	size_t i;

	for (i = 0; i < program->count; i++) {
		attempt = (struct attempt){.rule = program->list[i]->rule,
					   .role = program->list[i]->role};
		attempt.fits = try_one(matcher, program->list[i], line,
				       &attempt.match, &attempt.err);
		if (attempt.fits == 0)
			find_reach(matcher, program->list[i], line, &attempt);
		fn(arg, &attempt);
	}
	return program->count;
}
