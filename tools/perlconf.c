#include "tools/perlconf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/perlskip.h"
#include "tools/perlvalue.h"

enum { VALUES_MAX = 10000, EXCERPT = 50 };

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
add_value(struct perlvalue *p, const char *name, const struct buffer *text,
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
add_note(struct perlvalue *p, char *text, unsigned int lineno)
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
note_code(struct perlvalue *p, const char *start, unsigned int lineno)
{
	size_t n = 0;

	while (start + n < p->at.p && start[n] != '\n' && n < EXCERPT)
		n++;
	add_note(
	    p, alloc_format("%.*s%s", (int)n, start, n == EXCERPT ? "..." : ""),
	    lineno);
}

/* ---- statements ---- */

static bool
at(const struct perlvalue *p, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(p->at.end - p->at.p) >= len &&
	       memcmp(p->at.p, text, len) == 0;
}

static bool
at_end(struct perlvalue *p)
{
	perlskip_space(&p->at);
	if (p->at.p < p->at.end && *p->at.p != ';')
		return false;
	p->at.p += p->at.p < p->at.end;
	return true;
}

/* "= VALUE;" or ".= VALUE;" */
static int
assign_scalar(struct perlvalue *p, const char *name, unsigned int lineno)
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
	r = perlvalue_take(p, b.out);
	if (r == 0 && !at_end(p))
		r = perlvalue_fail(p, "a condition or code", "");
	buffer_close(&b);
	if (r == 0)
		add_value(p, name, &b, lineno);
	free(b.text);
	return r;
}

/* qw(a b c) */
static void
add_words(struct perlvalue *p, const char *name, const struct perlquote *q,
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
assign_element(struct perlvalue *p, const char *name, bool hash)
{
	unsigned int lineno = perlskip_line(&p->at);
	char *full = alloc_string(name);
	struct buffer b;
	size_t n = 0;
	int r = 0;

	if (hash) {
		while (p->at.p + n < p->at.end && perlvalue_is_name(p->at.p[n]))
			n++;
		free(full);
		if (n > 0) {
			full = alloc_format("%s{%.*s}", name, (int)n, p->at.p);
			p->at.p += n;
		} else {
			buffer_open(&b);
			r = perlvalue_take_term(p, b.out);
			buffer_close(&b);
			full = alloc_format("%s{%s}", name, b.text);
			free(b.text);
		}
		perlskip_space(&p->at);
		if (r == 0 && !at(p, "=>") && !at(p, ","))
			r = perlvalue_fail(p, "code", "");
		p->at.p += r == 0 ? 1 + at(p, "=>") : 0;
	}
	buffer_open(&b);
	if (r == 0)
		r = perlvalue_take(p, b.out);
	buffer_close(&b);
	if (r == 0)
		add_value(p, full, &b, lineno);
	free(b.text);
	free(full);
	return r;
}

/* "= (...);" of an array or a hash; the parser stands at the '='. */
static int
assign_list(struct perlvalue *p, const char *name, unsigned int lineno)
{
	struct perlquote q;

	p->at.p++;
	perlskip_space(&p->at);
	if (at(p, "qw") && perlskip_quote(&p->at, &q) == 0) {
		add_words(p, name, &q, lineno);
		return at_end(p) ? 0 : perlvalue_fail(p, "code", "");
	}
	if (!at(p, "("))
		return perlvalue_fail(p, "code", "");
	p->at.p++;
	for (;;) {
		perlskip_space(&p->at);
		if (at(p, ")"))
			break;
		if (assign_element(p, name, name[0] == '%') < 0)
			return -1;
		perlskip_space(&p->at);
		if (!at(p, ")") && !at(p, ","))
			return perlvalue_fail(p, "code", "");
		p->at.p += at(p, ",");
	}
	p->at.p++;
	return at_end(p) ? 0 : perlvalue_fail(p, "code", "");
}

/* Behind "$name": "{key}" makes it an element. 1, 0 = there is none, -1. */
static int
take_key(struct perlvalue *p, char **name)
{
	struct buffer b;
	char *full;
	int r = 0;

	if (!at(p, "{"))
		return 0;
	p->at.p++;
	perlskip_space(&p->at);
	buffer_open(&b);
	if (p->at.p < p->at.end && perlvalue_is_name(*p->at.p) &&
	    !perlskip_is_quote(&p->at))
		for (; p->at.p < p->at.end && perlvalue_is_name(*p->at.p);
		     p->at.p++)
			putc(*p->at.p, b.out);
	else
		r = perlvalue_take_term(p, b.out);
	buffer_close(&b);
	perlskip_space(&p->at);
	if (r == 0 && !at(p, "}"))
		r = perlvalue_fail(p, "code", "");
	p->at.p += r == 0;
	full = alloc_format("%%%s{%s}", *name + 1, b.text);
	free(b.text);
	free(*name);
	*name = full;
	return r < 0 ? -1 : 1;
}

static int
assign(struct perlvalue *p, char **name, unsigned int lineno)
{
	char sigil = *p->at.p;
	const char *s;
	size_t n = perlvalue_name(p->at.p + 1, p->at.end, &s);
	int keyed;

	if (n == 0)
		return perlvalue_fail(p, "code", "");
	p->at.p = s + n + (p->at.p[1] == '{');
	*name = alloc_format("%c%.*s", sigil, (int)n, s);
	keyed = sigil == '$' ? take_key(p, name) : 0;
	if (keyed < 0)
		return -1;
	perlskip_space(&p->at);
	if (!(at(p, "=") || at(p, ".=")) || at(p, "==") || at(p, "=~"))
		return perlvalue_fail(p, "code", "");
	if (sigil == '$')
		return assign_scalar(p, *name, lineno);
	return at(p, "=") ? assign_list(p, *name, lineno)
			  : perlvalue_fail(p, "code", "");
}

static void
take_assignment(struct perlvalue *p)
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
take_sub(struct perlvalue *p, unsigned int lineno)
{
	const char *start = p->at.p + 3, *name;
	size_t n;

	while (start < p->at.end && isspace((unsigned char)*start))
		start++;
	n = perlvalue_name(start, p->at.end, &name);
	perlskip_statement(&p->at);
	add_note(p, alloc_format("%.*s(): a subroutine", (int)n, name), lineno);
}

static void
take_statement(struct perlvalue *p)
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
	struct perlvalue p = {.conf = alloc_zero(1, sizeof(*p.conf))};
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

static struct perl_value *
find(const struct perlconf *conf, const char *name)
{
	size_t i;

	for (i = conf->nvalues; i > 0; i--)
		if (strcmp(conf->values[i - 1].name, name) == 0)
			return &conf->values[i - 1];
	return NULL;
}

const struct perl_value *
perlconf_use(struct perlconf *conf, const char *name)
{
	struct perl_value *value = find(conf, name);

	if (value != NULL)
		value->used = true;
	return value;
}

const struct perl_value *
perlconf_find(const struct perlconf *conf, const char *name)
{
	return find(conf, name);
}
