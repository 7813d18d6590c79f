#include "tools/explain/explain_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "patterns/match/rules.h"
#include "tools/explain/rule_skeleton.h"
#include "tools/output/json.h"

enum { WINDOW = 66, BEFORE = 44, WANTED = 48, NAMES_WIDTH = 72 };

/* For programs. */
static const char *const names[] = {
    [VERDICT_HEADERLESS] = "headerless",
    [VERDICT_PARTIAL] = "partial",
    [VERDICT_EMPTY] = "empty",
    [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_NOTHING] = "nothing",
    [VERDICT_DOUBTFUL] = "doubtful",
    [VERDICT_UNDATED] = "undated",
    [VERDICT_OFF] = "off",
    [VERDICT_PART] = "part",
    [VERDICT_LOGOUT] = "logout",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_GRANTED] = "granted",
};

/* ---- text ---- */

static void
print_bytes(const char *label, const char *bytes, size_t len)
{
	char text[4096];

	printf("%-10s%s\n", label,
	       log_printable(text, sizeof(text), bytes, len));
}

static void
format_time(char *out, size_t size, time_t when)
{
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		snprintf(out, size, "%jd", (intmax_t)when);
}

/* "3m ago", "2h ago", "in 5s". */
static void
print_age(time_t when, time_t now)
{
	static const struct {
		const char *name;
		intmax_t seconds;
	} units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
	intmax_t age = (intmax_t)now - (intmax_t)when;
	intmax_t n = age < 0 ? -age : age;
	size_t i = 0;

	while (i < 3 && n < 2 * units[i].seconds)
		i++;
	printf(", %s%jd%s%s\n", age < 0 ? "in " : "", n / units[i].seconds,
	       units[i].name, age < 0 ? "" : " ago");
}

static const char *
undated(const struct logline *l)
{
	size_t len;

	return stamp_zone_name(l->stamp_kind, l->stamp, l->stamp_len, &len)
		   ? logline_undated(l)
		   : "with an invalid time";
}

static void
print_header(const struct explanation *e)
{
	const struct logline *l = &e->line;
	char text[64];

	printf("%-10s%s\n", "header", header_names()[l->header]);
	if (e->dated) {
		format_time(text, sizeof(text), e->when);
		printf("%-10s%.*s is %s", "  time", (int)l->stamp_len, l->stamp,
		       text);
		print_age(e->when, e->now);
	} else {
		print_bytes("  time", l->stamp, l->stamp_len);
		printf("%-10s%s\n", "", logline_undated(l));
	}
	if (l->host_len > 0)
		print_bytes("  host", l->host, l->host_len);
	print_bytes("  program", l->program, l->program_len);
	if (l->pid > 0)
		printf("%-10s%ld\n", "  pid", (long)l->pid);
	print_bytes("  text", l->text, l->text_len);
}

/* Puts a caret under the byte at which the text no longer matches the rule. */
static void
print_caret(const char *text, size_t len, const struct attempt *a)
{
	const char *expression = a->rule->expressions[a->role];
	const char *wanted = expression + a->regex_at;
	size_t i, from = a->text_at > BEFORE ? a->text_at - BEFORE : 0;
	size_t to = len - from > WINDOW ? from + WINDOW : len;

	printf("      %s", from > 0 ? "..." : "");
	for (i = from; i < to; i++)
		putchar(text[i] < 0x20 || text[i] > 0x7e ? '?' : text[i]);
	printf("%s\n%*s^ ", to < len ? "..." : "",
	       (int)(6 + (from > 0 ? 3 : 0) + a->text_at - from), "");
	if (*wanted == '\0')
		puts("nothing may follow");
	else
		printf("%sexpected here: %.*s%s\n",
		       a->text_at == len ? "the text ends; " : "", WANTED,
		       wanted, strlen(wanted) > WANTED ? "..." : "");
}

static void
print_attempt(const struct explanation *e, const struct attempt *a)
{
	const struct rule *rule = a->rule;

	printf("  %s", rule->name);
	if (a->role != RULE_MATCH)
		printf(", its %s", rule_roles()[a->role]);
	printf(" (%s:%u)%s: ", rule->file, rule->lineno,
	       rule->optional ? ", optional" : "");
	if (a->fits > 0) {
		puts("matches");
		return;
	}
	if (a->fits < 0) {
		printf("is not trusted: %s\n", a->err.text);
		return;
	}
	puts("does not match");
	if (rule->whole_line)
		print_caret(e->text, e->len, a);
	else
		print_caret(e->line.text, e->line.text_len, a);
}

static void
print_attempts(const struct explanation *e)
{
	size_t i;

	if (e->nattempts == 0)
		return;
	puts("rules");
	for (i = 0; i < e->nattempts; i++)
		print_attempt(e, &e->attempts[i]);
}

static bool
is_first(const struct ruleset *set, size_t rule, char *const *program)
{
	char **p;
	size_t i;

	for (i = 0; i <= rule; i++)
		for (p = set->list[i].programs; *p != NULL; p++) {
			if (p == program)
				return true;
			if (strcmp(*p, *program) == 0)
				return false;
		}
	return true;
}

static void
print_programs(const struct ruleset *set)
{
	int column = printf("  known:");
	char **p;
	size_t i;

	for (i = 0; i < set->count; i++)
		for (p = set->list[i].programs; *p != NULL; p++) {
			if (!is_first(set, i, p))
				continue;
			if (column + (int)strlen(*p) >= NAMES_WIDTH)
				column = printf("\n%8s", "") - 1;
			column += printf(" %s", *p);
		}
	putchar('\n');
}

static void
print_skeleton(const struct logline *line)
{
	puts("\nA rule to start from; put failed logins into reject, and test "
	     "it "
	     "with\n`pbsctl check FILE'. See pop-before-smtp.patterns(5).\n");
	if (rule_skeleton_write(stdout, line) < 0)
		puts("(none: the line has no address, or has bytes that a "
		     "pattern file cannot hold)");
}

static void
print_unknown(const struct explanation *e)
{
	char name[256];

	log_printable(name, sizeof(name), e->line.program, e->line.program_len);
	printf("no rule knows the program '%s'", name);
	if (e->near != NULL && strcmp(e->near, name) != 0)
		printf(" (did you mean '%s'?)", e->near);
	putchar('\n');
	if (e->elsewhere != NULL) {
		printf(
		    "  but the rule %s of %s matches its text: in a copy of\n"
		    "  %s, add '%s' to its program:\n",
		    e->elsewhere->name, e->elsewhere->server,
		    e->elsewhere->file, name);
		return;
	}
	print_programs(e->rules);
	print_skeleton(&e->line);
}

static void
print_headers(void)
{
	puts("no match: unknown log header\n  known, with \\t for a tab:");
	for (size_t i = 0; i < HEADER_COUNT; i++) {
		printf("    %-11s ", header_names()[i]);
		for (const char *p = header_examples()[i]; *p != '\0'; p++)
			if (*p == '\t')
				fputs("\\t", stdout);
			else
				putchar(*p);
		putchar('\n');
	}
	puts("  See HEADERS and AROUND SYSLOG in "
	     "pop-before-smtp.patterns(5).");
}

static void
print_envelopes(void)
{
	puts("nothing: a field is missing, too long or malformed; known are\n"
	     "  Docker's json-file, with log, stream and time\n"
	     "  journalctl -o json, with MESSAGE, _HOSTNAME, "
	     "__REALTIME_TIMESTAMP\n"
	     "  and SYSLOG_IDENTIFIER (or _COMM), and not from a user's "
	     "session");
}

static void
print_part(const struct explanation *e)
{
	const char *name = e->match.rule->name;

	if (e->match.role == RULE_CONNECT)
		printf("%s has begun; its login would authorize\n", name);
	else if (e->match.role == RULE_END)
		printf("%s has ended; there can be no login\n", name);
	else if (e->line.pid == 0)
		printf("%s takes two lines, and only a pid could join them\n",
		       name);
	else
		printf("%s is a login, but the line with its address is not "
		       "known: give both lines\n",
		       name);
}

static void
print_granted(const struct explanation *e)
{
	char until[64];

	format_time(until, sizeof(until), e->until);
	printf("%s, for %" PRIu32 "s, until %s%s\n",
	       e->until > e->now ? "would be granted" : "was granted", e->grace,
	       until, e->until > e->now ? "" : ", which is past");
	if (e->why[0] != '\0')
		printf("%-10s%s\n", "", e->why);
}

static void
print_match(const struct explanation *e)
{
	char address[ADDR_TEXT_MAX];

	if (e->verdict < VERDICT_OFF)
		return;
	printf("%-10s%s\n", "rule", e->match.rule->name);
	if (e->match.addr.family != 0) {
		addr_format(&e->match.addr, address);
		printf("%-10s%s\n", "address", address);
	}
	if (e->match.user != NULL)
		print_bytes("user", e->match.user, e->match.user_len);
	if (e->match.session != NULL)
		print_bytes("session", e->match.session, e->match.session_len);
}

static void
print_verdict(const struct explanation *e)
{
	printf("%-10s", "result");
	switch (e->verdict) {
	case VERDICT_HEADERLESS:
		print_headers();
		break;
	case VERDICT_PARTIAL:
		puts("nothing yet: a part of a line; give its other parts, "
		     "too");
		break;
	case VERDICT_EMPTY:
		print_envelopes();
		break;
	case VERDICT_UNKNOWN:
		print_unknown(e);
		break;
	case VERDICT_NOTHING:
		puts("nothing: no rule matches");
		break;
	case VERDICT_DOUBTFUL:
		printf("nothing: %s\n", e->why);
		break;
	case VERDICT_UNDATED:
		printf("nothing: a login, but %s\n", undated(&e->line));
		break;
	case VERDICT_OFF:
		printf("nothing: the rule is optional: `enable: %s' in the "
		       "configuration\n%-10senables it\n",
		       e->match.rule->name, "");
		break;
	case VERDICT_PART:
		print_part(e);
		break;
	case VERDICT_LOGOUT:
		puts("nothing: the end of a session");
		break;
	case VERDICT_REFUSED:
		printf("nothing: refused: %s\n", e->why);
		break;
	case VERDICT_GRANTED:
		print_granted(e);
		break;
	}
}

void
explain_print(const struct explanation *e)
{
	if (e->number > 1)
		putchar('\n');
	print_bytes("line", e->text, e->len);
	if (e->verdict >= VERDICT_UNKNOWN)
		print_header(e);
	print_attempts(e);
	print_match(e);
	print_verdict(e);
}

/* ---- JSON ---- */

static void
json_field(const char *name, const char *bytes, size_t len)
{
	printf(", \"%s\": ", name);
	json_string(stdout, len > 0 ? bytes : NULL, len);
}

static void
json_text(const char *name, const char *text)
{
	json_field(name, text, text ? strlen(text) : 0);
}

static void
json_header(const struct explanation *e)
{
	const struct logline *l = &e->line;

	json_text("header", header_names()[l->header]);
	if (e->dated)
		printf(", \"time\": %jd", (intmax_t)e->when);
	else
		printf(", \"time\": null");
	json_field("host", l->host, l->host_len);
	json_field("program", l->program, l->program_len);
	if (l->pid > 0)
		printf(", \"pid\": %ld", (long)l->pid);
	else
		printf(", \"pid\": null");
	printf(", \"text\": ");
	json_string(stdout, l->text, l->text_len);
}

static void
json_attempt(const struct attempt *a)
{
	const char *expression = a->rule->expressions[a->role];

	printf("{\"rule\": ");
	json_string(stdout, a->rule->name, strlen(a->rule->name));
	json_text("file", a->rule->file);
	printf(", \"line\": %u", a->rule->lineno);
	json_text("role", rule_roles()[a->role]);
	printf(", \"optional\": %s, \"fits\": %s",
	       a->rule->optional ? "true" : "false",
	       a->fits > 0 ? "true" : "false");
	if (a->fits < 0)
		json_text("why", a->err.text);
	if (a->fits == 0) {
		printf(", \"at\": %zu, \"wanted\": ", a->text_at);
		expression += a->regex_at;
		json_string(stdout, expression, strlen(expression));
	}
	putchar('}');
}

static void
json_match(const struct explanation *e)
{
	char address[ADDR_TEXT_MAX];

	json_text("rule", e->match.rule->name);
	if (e->match.addr.family != 0)
		addr_format(&e->match.addr, address);
	json_text("ip", e->match.addr.family != 0 ? address : NULL);
	json_field("user", e->match.user, e->match.user_len);
	json_field("session", e->match.session, e->match.session_len);
}

void
explain_print_json(const struct explanation *e)
{
	size_t i;

	printf("{\"line\": %lu", e->number);
	if (e->verdict >= VERDICT_UNKNOWN)
		json_header(e);
	printf(", \"rules\": [");
	for (i = 0; i < e->nattempts; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		json_attempt(&e->attempts[i]);
	}
	putchar(']');
	if (e->verdict >= VERDICT_OFF)
		json_match(e);
	json_text("result", names[e->verdict]);
	if (e->why[0] != '\0')
		json_text("why", e->why);
	if (e->verdict == VERDICT_GRANTED)
		printf(", \"until\": %jd", (intmax_t)e->until);
	if (e->verdict == VERDICT_UNKNOWN)
		json_text("near", e->near);
	if (e->elsewhere != NULL)
		json_text("elsewhere", e->elsewhere->name);
	puts("}");
}
