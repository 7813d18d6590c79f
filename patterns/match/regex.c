#include "patterns/match/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/farthest_failure.h"

/* For PCRE2's interpreter, used without JIT. Shipped expressions need less than
 * 20 KiB. */
enum { HEAP_LIMIT_KIB = 1024 };

enum jit { JIT_UNTRIED, JIT_READY, JIT_REFUSED };

struct regex {
	const struct rule *rule;
	enum rule_role role;
	pcre2_code *code;
	uint32_t ip, user, session; /* group numbers; 0 = none */

	/* Most rules are for servers that a host does not have, so an
	 * expression is compiled to machine code when it first runs. */
	_Atomic(enum jit) jit;
	pthread_mutex_t jit_lock; /* held while trying */
};

struct regex_scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
};

/* Bytes, not characters: logs contain invalid UTF-8, and a rule must not fail
 * on it. PCRE2's start optimizations find little in what our prefilter lets
 * pass, and read past the end of the text. */
static const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
				PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
				PCRE2_NO_START_OPTIMIZE;

/* Puts "file:line: rule 'name': " before the message. */
static int
rule_err(const struct rule *rule, struct err *err)
{
	return err_prefix(err, "%s:%u: rule '%s'", rule->file, rule->lineno,
			  rule->name);
}

static int
pcre_err(const struct regex *expr, int code, size_t offset, struct err *err)
{
	PCRE2_UCHAR text[256];

	pcre2_get_error_message(code, text, sizeof(text));
	err_set(err, "%s: %s at column %zu", rule_roles()[expr->role],
		(char *)text, offset + 1);
	return rule_err(expr->rule, err);
}

/* Finds the number of a named group: 1, 0: no such group, -1: there are two. */
static int
find_group(const struct regex *expr, const char *name, uint32_t *number,
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
find_groups(struct regex *expr, struct err *err)
{
	const char *missing = NULL;
	uint32_t groups;

	if (find_group(expr, "ip", &expr->ip, err) < 0 ||
	    find_group(expr, "user", &expr->user, err) < 0 ||
	    find_group(expr, "session", &expr->session, err) < 0)
		return -1;
	pcre2_pattern_info(expr->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	/* Expressions written for the Perl program: group 1 is the time, which
	 * is known from the header; group 2 is the address. */
	if (expr->ip == 0 && expr->rule->whole_line && groups >= 2 &&
	    expr->role == RULE_MATCH)
		expr->ip = 2;
	if (expr->ip == 0 &&
	    (expr->role == RULE_MATCH || expr->role == RULE_CONNECT))
		missing = "(?<ip>...)";
	if (expr->ip == 0 && expr->session == 0 && expr->role == RULE_LOGOUT)
		missing = "(?<ip>...) or (?<session>...)";
	if (missing == NULL)
		return 0;
	err_set(err, "%s: no group %s", rule_roles()[expr->role], missing);
	return rule_err(expr->rule, err);
}

static int
compile(struct regex *expr, struct err *err)
{
	const char *text = expr->rule->expressions[expr->role];
	PCRE2_SIZE offset;
	int code;

	expr->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				   options, &code, &offset, NULL);
	if (expr->code == NULL)
		return pcre_err(expr, code, offset, err);
	return find_groups(expr, err);
}

struct regex *
regex_new(const struct rule *rule, enum rule_role role, struct err *err)
{
	struct regex *expr = alloc_zero(1, sizeof(*expr));

	expr->rule = rule;
	expr->role = role;
	pthread_mutex_init(&expr->jit_lock, NULL);
	if (compile(expr, err) < 0)
		regex_free(&expr);
	return expr;
}

void
regex_free(struct regex **exprp)
{
	struct regex *expr = *exprp;

	*exprp = NULL;
	if (expr == NULL)
		return;
	pcre2_code_free(expr->code);
	pthread_mutex_destroy(&expr->jit_lock);
	free(expr);
}

/* Run by the first thread that gets here; the others wait for it. */
static enum jit
try_jit(struct regex *expr)
{
	enum jit jit;

	pthread_mutex_lock(&expr->jit_lock);
	jit = atomic_load_explicit(&expr->jit, memory_order_relaxed);
	if (jit == JIT_UNTRIED) {
		jit = pcre2_jit_compile(expr->code, PCRE2_JIT_COMPLETE) == 0
			  ? JIT_READY
			  : JIT_REFUSED;
		atomic_store_explicit(&expr->jit, jit, memory_order_release);
	}
	pthread_mutex_unlock(&expr->jit_lock);
	return jit;
}

bool
regex_has_jit(struct regex *expr)
{
	enum jit jit = atomic_load_explicit(&expr->jit, memory_order_acquire);

	if (jit == JIT_UNTRIED)
		jit = try_jit(expr);
	return jit == JIT_READY;
}

const struct rule *
regex_rule(const struct regex *expr)
{
	return expr->rule;
}

enum rule_role
regex_role(const struct regex *expr)
{
	return expr->role;
}

bool
regex_names(const struct regex *expr, const char *group)
{
	return pcre2_substring_number_from_name(expr->code, (PCRE2_SPTR)group) >
	       0;
}

/* ---- running ---- */

struct regex_scratch *
regex_scratch_new(struct regex *const *list, size_t count)
{
	struct regex_scratch *scratch = alloc_zero(1, sizeof(*scratch));
	uint32_t groups, max = 1;
	size_t i;

	for (i = 0; i < count; i++) {
		pcre2_pattern_info(list[i]->code, PCRE2_INFO_CAPTURECOUNT,
				   &groups);
		if (groups + 1 > max)
			max = groups + 1;
	}
	scratch->data = pcre2_match_data_create(max, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	assert(scratch->data != NULL && scratch->context != NULL);
	pcre2_set_match_limit(scratch->context, REGEX_LIMIT);
	pcre2_set_depth_limit(scratch->context, REGEX_LIMIT);
	pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
	return scratch;
}

void
regex_scratch_free(struct regex_scratch **scratchp)
{
	struct regex_scratch *scratch = *scratchp;

	*scratchp = NULL;
	if (scratch == NULL)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	free(scratch);
}

/* Compilers use vector instructions for it where the processor has them. */
typedef unsigned char sixteen __attribute__((vector_size(16)));

/* Sets to 0xff each byte of *found whose byte of text is below 0x20 or is 0x7f.
 */
static inline void
add_control_bytes(sixteen *found, const char *text)
{
	sixteen bytes;

	memcpy(&bytes, text, sizeof(bytes));
	*found |= (sixteen)((bytes < 0x20) | (bytes == 0x7f));
}

/* Whether a text of at least sixteen bytes has such a byte. It does not stop at
 * the first: hardly any text has one. */
static bool
has_control_or_tab(const char *text, size_t len)
{
	const char *last = text + len - sizeof(sixteen);
	sixteen found = {0};
	uint64_t words[2];

	for (; text < last; text += sizeof(sixteen))
		add_control_bytes(&found, text);
	add_control_bytes(&found, last);
	memcpy(words, &found, sizeof(words));
	return (words[0] | words[1]) != 0;
}

/* No server writes control bytes into the line of a login, so a stranger did.
 * A tab separates the columns of logs that syslog did not write. */
static bool
has_control(const char *text, size_t len, bool tab)
{
	unsigned char c;

	if (!tab && len >= sizeof(sixteen))
		return has_control_or_tab(text, len);
	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if ((c < 0x20 && !(c == '\t' && tab)) || c == 0x7f)
			return true;
	}
	return false;
}

/* Sets what a group captured. false: it captured nothing. */
static bool
captured(const struct regex_scratch *scratch, uint32_t group, const char *text,
	 const char **out, size_t *len)
{
	const PCRE2_SIZE *at =
	    pcre2_get_ovector_pointer(scratch->data) + 2 * group;

	*out = NULL;
	*len = 0;
	if (group == 0 || at[0] == PCRE2_UNSET || at[1] <= at[0])
		return false;
	*out = text + at[0];
	*len = at[1] - at[0];
	return true;
}

/* The expression matches: sets what it captured. */
static int
take(const struct regex_scratch *scratch, const struct regex *expr,
     const char *text, size_t len, struct match *out, struct err *err)
{
	bool tab = expr->rule->header != HEADER_SYSLOG;

	out->doubt = DOUBT_CONTROL;
	if (expr->role != RULE_MULTILINE && has_control(text, len, tab))
		return err_set(err, "rule %s: control bytes in the line",
			       expr->rule->name);
	out->addr = (struct addr){0};
	captured(scratch, expr->ip, text, &out->ip, &out->ip_len);
	out->doubt = DOUBT_ADDRESS;
	if (expr->ip != 0 && (out->ip == NULL ||
			      addr_parse(&out->addr, out->ip, out->ip_len) < 0))
		return err_set(err, "rule %s: captured no address",
			       expr->rule->name);
	out->rule = expr->rule;
	out->role = expr->role;
	captured(scratch, expr->user, text, &out->user, &out->user_len);
	captured(scratch, expr->session, text, &out->session,
		 &out->session_len);
	return 1;
}

/* The part of a line that the expression sees. */
static const char *
shown(const struct regex *expr, const struct logline *line, size_t *len)
{
	bool whole = expr->rule->whole_line;

	*len = whole ? line->line_len : line->text_len;
	return whole ? line->line : line->text;
}

int
regex_match(struct regex *expr, struct regex_scratch *scratch,
	    const struct logline *line, struct match *out, struct err *err)
{
	size_t len;
	const char *text = shown(expr, line, &len);
	int r;

	if (regex_has_jit(expr))
		r = pcre2_jit_match(expr->code, (PCRE2_SPTR)text, len, 0, 0,
				    scratch->data, scratch->context);
	else
		r = pcre2_match(expr->code, (PCRE2_SPTR)text, len, 0, 0,
				scratch->data, scratch->context);
	if (r > 0)
		return take(scratch, expr, text, len, out, err);
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	out->doubt = DOUBT_LIMIT;
	return err_set(err, "rule %s: gave up (PCRE2 error %d)",
		       expr->rule->name, r);
}

/* ---- explaining ---- */

static int
on_callout(pcre2_callout_block *block, void *arg)
{
	farthest_failure_see(arg, block->pattern_position,
			     block->current_position);
	return 0;
}

/* Compiles the expression so that PCRE2 reports each item it tries. */
void
regex_farthest(const struct regex *expr, struct regex_scratch *scratch,
	       const struct logline *line, size_t *text_at, size_t *regex_at)
{
	const char *expression = expr->rule->expressions[expr->role];
	size_t len;
	const char *text = shown(expr, line, &len);
	struct farthest_failure farthest;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int number;

	code =
	    pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
			  options | PCRE2_AUTO_CALLOUT, &number, &offset, NULL);
	if (code == NULL)
		return;
	farthest_failure_begin(&farthest, expression);
	pcre2_set_callout(scratch->context, on_callout, &farthest);
	pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, scratch->data,
		    scratch->context);
	pcre2_set_callout(scratch->context, NULL, NULL);
	*text_at = farthest.text_at;
	*regex_at = farthest.regex_at;
	farthest_failure_end(&farthest);
	pcre2_code_free(code);
}
