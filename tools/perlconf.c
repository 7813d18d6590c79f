#include "tools/perlconf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/perlskip.h"

enum {
	PARENS_MAX = 50,	       /* parentheses */
	VALUE_MAX = 64 * 1024, /* bytes: it may double with each line */
	VALUES_MAX = 10000,
	EXCERPT = 50,
};

struct parser {
	struct perlskip at;
	struct perlconf *conf;
	int depth;
	char why[128]; /* a value was not understood */
};

/* A string in the making. */
struct buffer {
	char *text;
	size_t len;
	FILE *out;
};

static void
buffer_open(struct buffer *b)
{
	*b = (struct buffer){0};
	b->out = open_memstream(&b->text, &b->len);
}

static void
buffer_close(struct buffer *b)
{
	fclose(b->out);
}

/* ---- what comes out ---- */

static void
add_value(struct parser *p, const char *name, const struct buffer *text,
	  unsigned int lineno)
{
	struct perlconf *conf = p->conf;

	if (conf->nvalues == VALUES_MAX)
		return;
	conf->values = alloc_resize(conf->values, conf->nvalues + 1,
				    sizeof(*conf->values));
	conf->values[conf->nvalues++] = (struct perl_value){
	    alloc_string(name), alloc_bytes(text->text, text->len), text->len,
	    lineno, false};
}

/* Takes text. */
static void
add_note(struct parser *p, char *text, unsigned int lineno)
{
	struct perlconf *conf = p->conf;

	if (conf->nnotes == VALUES_MAX) {
		free(text);
		return;
	}
	conf->notes =
	    alloc_resize(conf->notes, conf->nnotes + 1, sizeof(*conf->notes));
	conf->notes[conf->nnotes++] = (struct perl_note){text, lineno};
}

/* The beginning of the statement, for who looks for it. */
static void
note_code(struct parser *p, const char *start, unsigned int lineno)
{
	size_t n = 0;

	while (start + n < p->at.p && start[n] != '\n' && n < EXCERPT)
		n++;
	add_note(
	    p, alloc_format("%.*s%s", (int)n, start, n == EXCERPT ? "..." : ""),
	    lineno);
}

/* ---- values ---- */

static int
fail(struct parser *p, const char *why, const char *name)
{
	if (p->why[0] == '\0')
		snprintf(p->why, sizeof(p->why), "%s%s", why, name);
	return -1;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

/* The name of a variable at p ("pat", "{pat}", "main::pat"): its length, and
 * where it begins; 0 = there is none. */
static size_t
name_length(const char *s, const char *end, const char **name)
{
	bool brace = s < end && *s == '{';
	size_t n = 0;

	s += brace;
	while (s + n < end && is_name(s[n]))
		n++;
	/* "$x: " ends before the colon. */
	while (n > 0 && s[n - 1] == ':')
		n--;
	*name = s;
	if (n > 6 && strncmp(s, "main::", 6) == 0) {
		*name += 6;
		n -= 6;
	}
	if (brace && (s + n >= end || (*name)[n] != '}'))
		return 0;
	return n;
}

static struct perl_value *
find(const struct perlconf *conf, const char *name)
{
	size_t i;

	for (i = conf->nvalues; i > 0; i--)
		if (strcmp(conf->values[i - 1].name, name) == 0)
			return &conf->values[i - 1];
	return NULL;
}

/* The value of $name goes to out. */
static int
put_variable(struct parser *p, const char *name, size_t len, FILE *out)
{
	char *full = alloc_format("$%.*s", (int)len, name);
	struct perl_value *value = find(p->conf, full);
	int r = 0;

	if (value == NULL) {
		r = fail(p, "the value is not known here of ", full);
	} else {
		value->used = true;
		fwrite(value->text, 1, value->len, out);
	}
	free(full);
	return r;
}

/* A '$' in a text that variables stand in: behind it, or NULL. A lone one is
 * the end of a line for an expression. */
static const char *
interpolate(struct parser *p, const char *s, const char *end, FILE *out)
{
	const char *name, *next;
	size_t n = name_length(s + 1, end, &name);

	if (n == 0 || isdigit((unsigned char)*name)) {
		putc('$', out);
		return s + 1;
	}
	next = name + n + (s[1] == '{');
	if (next < end && (*next == '{' || (next + 1 < end && next[0] == '-' &&
					    next[1] == '>')))
		return fail(p, "an element in a text", "") < 0 ? NULL : s;
	return put_variable(p, name, n, out) == 0 ? next : NULL;
}

static void
unescape_single(const char *s, const char *end, char closer, FILE *out)
{
	for (; s < end; s++) {
		if (*s == '\\' && s + 1 < end &&
		    (s[1] == '\\' || s[1] == closer))
			s++;
		putc(*s, out);
	}
}

static int
unescape_double(struct parser *p, const char *s, const char *end, FILE *out)
{
	static const char from[] = "ntre0", to[] = "\n\t\r\033";
	const char *which;

	while (s < end) {
		if (*s == '$') {
			s = interpolate(p, s, end, out);
			if (s == NULL)
				return -1;
		} else if (*s == '@' && s + 1 < end && is_name(s[1])) {
			return fail(p, "an array in a text", "");
		} else if (*s == '\\' && s + 1 < end) {
			which = s[1] ? strchr(from, s[1]) : NULL;
			putc(which ? to[which - from] : s[1], out);
			s += 2;
		} else {
			putc(*s++, out);
		}
	}
	return 0;
}

/* An expression between slashes: all stays but variables. */
static int
take_expression(struct parser *p, const char *s, const char *end, FILE *out)
{
	while (s < end) {
		if (*s == '$') {
			s = interpolate(p, s, end, out);
			if (s == NULL)
				return -1;
		} else if (*s == '\\' && s + 1 < end) {
			putc(*s++, out);
			putc(*s++, out);
		} else {
			putc(*s++, out);
		}
	}
	return 0;
}

/* qr{...}imsx becomes (?imsx:...). A comment at its end, as x allows, must
 * not swallow the parenthesis. */
static int
take_qr(struct parser *p, const char *s, const char *end, FILE *out)
{
	char flags[8] = "";
	size_t n = 0;
	int r;

	for (; p->at.p < p->at.end && isalpha((unsigned char)*p->at.p);
	     p->at.p++)
		if (strchr("imsx", *p->at.p) != NULL && n < sizeof(flags) - 1)
			flags[n++] = *p->at.p;
	if (n == 0)
		return take_expression(p, s, end, out);
	fprintf(out, "(?%s:", flags);
	r = take_expression(p, s, end, out);
	fputs(strchr(flags, 'x') ? "\n)" : ")", out);
	return r;
}

/* The quoted thing at the parser's place. */
static int
take_quoted(struct parser *p, FILE *out)
{
	struct perlquote q;

	if (perlskip_quote(&p->at, &q) < 0)
		return fail(p, "a quote that never ends", "");
	switch (q.kind) {
	case PERL_SINGLE:
		unescape_single(q.text, q.end, q.closer, out);
		return 0;
	case PERL_DOUBLE:
		return unescape_double(p, q.text, q.end, out);
	case PERL_QR:
		return take_qr(p, q.text, q.end, out);
	default:
		return fail(p, "code", "");
	}
}

/* 1800, 1_800, 30*60, -1 */
static int
take_number(struct parser *p, FILE *out)
{
	int64_t product = 1, n;
	bool minus = *p->at.p == '-';

	p->at.p += minus;
	for (;;) {
		for (n = 0;
		     p->at.p < p->at.end &&
		     (isdigit((unsigned char)*p->at.p) || *p->at.p == '_');
		     p->at.p++)
			if (*p->at.p != '_' && n < 100000000)
				n = n * 10 + (*p->at.p - '0');
		if (__builtin_mul_overflow(product, n, &product))
			return fail(p, "a number too large", "");
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || *p->at.p != '*')
			break;
		p->at.p++;
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || !isdigit((unsigned char)*p->at.p))
			return fail(p, "code", "");
	}
	fprintf(out, "%s%jd", minus ? "-" : "", (intmax_t)product);
	return 0;
}

static int take_value(struct parser *, FILE *out);

static int
take_parenthesis(struct parser *p, FILE *out)
{
	int r = -1;

	p->at.p++;
	if (++p->depth <= PARENS_MAX)
		r = take_value(p, out);
	p->depth--;
	if (r < 0)
		return fail(p, "code", "");
	if (p->at.p == p->at.end || *p->at.p != ')')
		return fail(p, "code", "");
	p->at.p++;
	return 0;
}

static int
take_term(struct parser *p, FILE *out)
{
	const char *name;
	size_t n;
	char c;

	perlskip_space(&p->at);
	if (p->at.p == p->at.end)
		return fail(p, "code", "");
	c = *p->at.p;
	if (perlskip_is_quote(&p->at))
		return take_quoted(p, out);
	if (isdigit((unsigned char)c) || (c == '-' && p->at.p + 1 < p->at.end &&
					  isdigit((unsigned char)p->at.p[1])))
		return take_number(p, out);
	if (c == '(')
		return take_parenthesis(p, out);
	n = c == '$' ? name_length(p->at.p + 1, p->at.end, &name) : 0;
	if (n == 0)
		return fail(p, "code", "");
	p->at.p = name + n + (p->at.p[1] == '{');
	return put_variable(p, name, n, out);
}

/* Terms joined by '.'; the parser stands behind them and spaces. */
static int
take_value(struct parser *p, FILE *out)
{
	for (;;) {
		if (take_term(p, out) < 0)
			return -1;
		if (ftell(out) > VALUE_MAX)
			return fail(p, "a value too long", "");
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || *p->at.p != '.')
			return 0;
		p->at.p++;
	}
}

/* ---- statements ---- */

static bool
at(const struct parser *p, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(p->at.end - p->at.p) >= len &&
	       memcmp(p->at.p, text, len) == 0;
}

static bool
at_end(struct parser *p)
{
	perlskip_space(&p->at);
	if (p->at.p < p->at.end && *p->at.p != ';')
		return false;
	p->at.p += p->at.p < p->at.end;
	return true;
}

/* "= VALUE;" or ".= VALUE;" */
static int
assign_scalar(struct parser *p, const char *name, unsigned int lineno)
{
	const struct perl_value *old = NULL;
	struct buffer b;
	int r;

	buffer_open(&b);
	if (at(p, ".=")) {
		old = perlconf_find(p->conf, name);
		p->at.p++;
	}
	p->at.p++;
	if (old != NULL)
		fwrite(old->text, 1, old->len, b.out);
	r = take_value(p, b.out);
	if (r == 0 && !at_end(p))
		r = fail(p, "a condition or code", "");
	buffer_close(&b);
	if (r == 0)
		add_value(p, name, &b, lineno);
	free(b.text);
	return r;
}

/* qw(a b c) */
static void
add_words(struct parser *p, const char *name, const struct perlquote *q,
	  unsigned int lineno)
{
	static const char space[] = " \t\r\n";
	const char *s = q->text;
	struct buffer b;
	size_t n;

	while (s < q->end) {
		n = 0;
		while (s + n < q->end && !strchr(space, s[n]))
			n++;
		b = (struct buffer){.text = (char *)(uintptr_t)s, .len = n};
		if (n > 0)
			add_value(p, name, &b, lineno);
		s += n + 1;
	}
}

/* One of a list: a value, or in a hash a key with its value. */
static int
assign_element(struct parser *p, const char *name, bool hash)
{
	unsigned int lineno = perlskip_line(&p->at);
	char *full = alloc_string(name);
	struct buffer b;
	size_t n = 0;
	int r = 0;

	if (hash) {
		while (p->at.p + n < p->at.end && is_name(p->at.p[n]))
			n++;
		free(full);
		if (n > 0) {
			full = alloc_format("%s{%.*s}", name, (int)n, p->at.p);
			p->at.p += n;
		} else {
			buffer_open(&b);
			r = take_term(p, b.out);
			buffer_close(&b);
			full = alloc_format("%s{%s}", name, b.text);
			free(b.text);
		}
		perlskip_space(&p->at);
		if (r == 0 && !at(p, "=>") && !at(p, ","))
			r = fail(p, "code", "");
		p->at.p += r == 0 ? 1 + at(p, "=>") : 0;
	}
	buffer_open(&b);
	if (r == 0)
		r = take_value(p, b.out);
	buffer_close(&b);
	if (r == 0)
		add_value(p, full, &b, lineno);
	free(b.text);
	free(full);
	return r;
}

/* "= (...);" of an array or a hash; the parser stands at the '='. */
static int
assign_list(struct parser *p, const char *name, unsigned int lineno)
{
	struct perlquote q;

	p->at.p++;
	perlskip_space(&p->at);
	if (at(p, "qw") && perlskip_quote(&p->at, &q) == 0) {
		add_words(p, name, &q, lineno);
		return at_end(p) ? 0 : fail(p, "code", "");
	}
	if (!at(p, "("))
		return fail(p, "code", "");
	p->at.p++;
	for (;;) {
		perlskip_space(&p->at);
		if (at(p, ")"))
			break;
		if (assign_element(p, name, name[0] == '%') < 0)
			return -1;
		perlskip_space(&p->at);
		if (!at(p, ")") && !at(p, ","))
			return fail(p, "code", "");
		p->at.p += at(p, ",");
	}
	p->at.p++;
	return at_end(p) ? 0 : fail(p, "code", "");
}

/* Behind "$name": "{key}" makes it an element. 1, 0 = there is none, -1. */
static int
take_key(struct parser *p, char **name)
{
	struct buffer b;
	char *full;
	int r = 0;

	if (!at(p, "{"))
		return 0;
	p->at.p++;
	perlskip_space(&p->at);
	buffer_open(&b);
	if (p->at.p < p->at.end && is_name(*p->at.p) &&
	    !perlskip_is_quote(&p->at))
		for (; p->at.p < p->at.end && is_name(*p->at.p); p->at.p++)
			putc(*p->at.p, b.out);
	else
		r = take_term(p, b.out);
	buffer_close(&b);
	perlskip_space(&p->at);
	if (r == 0 && !at(p, "}"))
		r = fail(p, "code", "");
	p->at.p += r == 0;
	full = alloc_format("%%%s{%s}", *name + 1, b.text);
	free(b.text);
	free(*name);
	*name = full;
	return r < 0 ? -1 : 1;
}

static int
assign(struct parser *p, char **name, unsigned int lineno)
{
	char sigil = *p->at.p;
	const char *s;
	size_t n = name_length(p->at.p + 1, p->at.end, &s);
	int keyed;

	if (n == 0)
		return fail(p, "code", "");
	p->at.p = s + n + (p->at.p[1] == '{');
	*name = alloc_format("%c%.*s", sigil, (int)n, s);
	keyed = sigil == '$' ? take_key(p, name) : 0;
	if (keyed < 0)
		return -1;
	perlskip_space(&p->at);
	if (!(at(p, "=") || at(p, ".=")) || at(p, "==") || at(p, "=~"))
		return fail(p, "code", "");
	if (sigil == '$')
		return assign_scalar(p, *name, lineno);
	return at(p, "=") ? assign_list(p, *name, lineno) : fail(p, "code", "");
}

static void
take_assignment(struct parser *p)
{
	struct perlskip start = p->at;
	unsigned int lineno = perlskip_line(&p->at);
	char *name = NULL;

	p->why[0] = '\0';
	p->depth = 0;
	if (assign(p, &name, lineno) < 0) {
		p->at = start;
		perlskip_statement(&p->at);
		if (name != NULL)
			add_note(p, alloc_format("%s: %s", name, p->why),
				 lineno);
		else
			note_code(p, start.p, lineno);
	}
	free(name);
}

static void
take_sub(struct parser *p, unsigned int lineno)
{
	const char *start = p->at.p + 3, *name;
	size_t n;

	while (start < p->at.end && isspace((unsigned char)*start))
		start++;
	n = name_length(start, p->at.end, &name);
	perlskip_statement(&p->at);
	add_note(p, alloc_format("%.*s(): a subroutine", (int)n, name), lineno);
}

static void
take_statement(struct parser *p)
{
	static const char *const quiet[] = {"use",     "no", "package",
					    "require", "1",  NULL};
	static const char *const ignored[] = {"my", "our", "local", NULL};
	const char *start = p->at.p;
	unsigned int lineno = perlskip_line(&p->at);

	while (perlskip_word(&p->at, ignored)) {
		p->at.p += strcspn(p->at.p, " \t\n;(");
		perlskip_space(&p->at);
	}
	if (p->at.p < p->at.end && strchr("$@%", *p->at.p) && *p->at.p) {
		take_assignment(p);
		return;
	}
	if (at(p, "sub") && p->at.p + 3 < p->at.end &&
	    isspace((unsigned char)p->at.p[3])) {
		take_sub(p, lineno);
		return;
	}
	if (perlskip_word(&p->at, quiet)) {
		perlskip_statement(&p->at);
		return;
	}
	perlskip_statement(&p->at);
	note_code(p, start, lineno);
}

struct perlconf *
perlconf_read(const char *text, size_t len)
{
	struct parser p = {.conf = alloc_zero(1, sizeof(*p.conf))};
	static const char *const last[] = {"__END__", "__DATA__", NULL};
	char *copy = alloc_bytes(text, len); /* ends with a NUL */

	perlskip_begin(&p.at, copy, len);
	for (;;) {
		perlskip_space(&p.at);
		if (p.at.p < p.at.end && *p.at.p == ';') {
			p.at.p++;
			continue;
		}
		if (p.at.p == p.at.end || perlskip_word(&p.at, last))
			break;
		take_statement(&p);
	}
	free(copy);
	return p.conf;
}

void
perlconf_free(struct perlconf **confp)
{
	struct perlconf *conf = *confp;
	size_t i;

	*confp = NULL;
	if (conf == NULL)
		return;
	for (i = 0; i < conf->nvalues; i++) {
		free(conf->values[i].name);
		free(conf->values[i].text);
	}
	for (i = 0; i < conf->nnotes; i++)
		free(conf->notes[i].text);
	free(conf->values);
	free(conf->notes);
	free(conf);
}

const struct perl_value *
perlconf_find(const struct perlconf *conf, const char *name)
{
	return find(conf, name);
}
