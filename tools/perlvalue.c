#include "tools/perlvalue.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/perlconf.h"

enum {
	PARENS_MAX = 50,
	VALUE_MAX = 64 * 1024, /* bytes: it may double with each line */
};

int
perlvalue_fail(struct perlvalue *p, const char *why, const char *name)
{
	if (p->why[0] == '\0')
		snprintf(p->why, sizeof(p->why), "%s%s", why, name);
	return -1;
}

bool
perlvalue_is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

size_t
perlvalue_name(const char *s, const char *end, const char **name)
{
	bool brace = s < end && *s == '{';
	size_t n = 0;

	s += brace;
	while (s + n < end && perlvalue_is_name(s[n]))
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

/* The value of $name goes to out. */
static int
put_variable(struct perlvalue *p, const char *name, size_t len, FILE *out)
{
	char *full = alloc_format("$%.*s", (int)len, name);
	const struct perl_value *value = perlconf_use(p->conf, full);
	int r = 0;

	if (value == NULL) {
		r = perlvalue_fail(p, "the value is not known here of ", full);
	} else {
		fwrite(value->text, 1, value->len, out);
	}
	free(full);
	return r;
}

/* A '$' in a text that variables stand in: behind it, or NULL. A lone one is
 * the end of a line for an expression. */
static const char *
interpolate(struct perlvalue *p, const char *s, const char *end, FILE *out)
{
	const char *name, *next;
	size_t n = perlvalue_name(s + 1, end, &name);

	if (n == 0 || isdigit((unsigned char)*name)) {
		putc('$', out);
		return s + 1;
	}
	next = name + n + (s[1] == '{');
	if (next < end && (*next == '{' || (next + 1 < end && next[0] == '-' &&
					    next[1] == '>')))
		return perlvalue_fail(p, "an element in a text", "") < 0 ? NULL
									 : s;
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
unescape_double(struct perlvalue *p, const char *s, const char *end, FILE *out)
{
	static const char from[] = "ntre0", to[] = "\n\t\r\033";
	const char *which;

	while (s < end) {
		if (*s == '$') {
			s = interpolate(p, s, end, out);
			if (s == NULL)
				return -1;
		} else if (*s == '@' && s + 1 < end &&
			   perlvalue_is_name(s[1])) {
			return perlvalue_fail(p, "an array in a text", "");
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
take_expression(struct perlvalue *p, const char *s, const char *end, FILE *out)
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
take_qr(struct perlvalue *p, const char *s, const char *end, FILE *out)
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
take_quoted(struct perlvalue *p, FILE *out)
{
	struct perlquote q;

	if (perlskip_quote(&p->at, &q) < 0)
		return perlvalue_fail(p, "a quote that never ends", "");
	switch (q.kind) {
	case PERL_SINGLE:
		unescape_single(q.text, q.end, q.closer, out);
		return 0;
	case PERL_DOUBLE:
		return unescape_double(p, q.text, q.end, out);
	case PERL_QR:
		return take_qr(p, q.text, q.end, out);
	default:
		return perlvalue_fail(p, "code", "");
	}
}

/* 1800, 1_800, 30*60, -1 */
static int
take_number(struct perlvalue *p, FILE *out)
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
			return perlvalue_fail(p, "a number too large", "");
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || *p->at.p != '*')
			break;
		p->at.p++;
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || !isdigit((unsigned char)*p->at.p))
			return perlvalue_fail(p, "code", "");
	}
	fprintf(out, "%s%jd", minus ? "-" : "", (intmax_t)product);
	return 0;
}

static int
take_parenthesis(struct perlvalue *p, FILE *out)
{
	int r = -1;

	p->at.p++;
	if (++p->depth <= PARENS_MAX)
		r = perlvalue_take(p, out);
	p->depth--;
	if (r < 0)
		return perlvalue_fail(p, "code", "");
	if (p->at.p == p->at.end || *p->at.p != ')')
		return perlvalue_fail(p, "code", "");
	p->at.p++;
	return 0;
}

int
perlvalue_take_term(struct perlvalue *p, FILE *out)
{
	const char *name;
	size_t n;
	char c;

	perlskip_space(&p->at);
	if (p->at.p == p->at.end)
		return perlvalue_fail(p, "code", "");
	c = *p->at.p;
	if (perlskip_is_quote(&p->at))
		return take_quoted(p, out);
	if (isdigit((unsigned char)c) || (c == '-' && p->at.p + 1 < p->at.end &&
					  isdigit((unsigned char)p->at.p[1])))
		return take_number(p, out);
	if (c == '(')
		return take_parenthesis(p, out);
	n = c == '$' ? perlvalue_name(p->at.p + 1, p->at.end, &name) : 0;
	if (n == 0)
		return perlvalue_fail(p, "code", "");
	p->at.p = name + n + (p->at.p[1] == '{');
	return put_variable(p, name, n, out);
}

/* Terms joined by '.'; the parser stands behind them and spaces. */
int
perlvalue_take(struct perlvalue *p, FILE *out)
{
	for (;;) {
		if (perlvalue_take_term(p, out) < 0)
			return -1;
		if (ftell(out) > VALUE_MAX)
			return perlvalue_fail(p, "a value too long", "");
		perlskip_space(&p->at);
		if (p->at.p == p->at.end || *p->at.p != '.')
			return 0;
		p->at.p++;
	}
}
