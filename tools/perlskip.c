#include "tools/perlskip.h"

#include <ctype.h>
#include <string.h>

void
perlskip_begin(struct perlskip *at, const char *text, size_t len)
{
	*at = (struct perlskip){text, text + len, text, text, 1};
}

unsigned int
perlskip_line(struct perlskip *at)
{
	for (; at->counted < at->p; at->counted++)
		at->line += *at->counted == '\n';
	return at->line;
}

static void
skip_line(struct perlskip *at)
{
	const char *end = memchr(at->p, '\n', (size_t)(at->end - at->p));

	at->p = end != NULL ? end + 1 : at->end;
}

static bool
ends_pod(const struct perlskip *at)
{
	return strncmp(at->p, "=cut", 4) == 0 &&
	       !isalpha((unsigned char)at->p[4]);
}

/*
 * "=pod" at the beginning of a line, up to "=cut". Outside of pod, a "=cut"
 * begins it, too: the Perl program's own file hides its blocks between two.
 */
static bool
skip_pod(struct perlskip *at)
{
	if (*at->p != '=' || (at->p > at->start && at->p[-1] != '\n') ||
	    !isalpha((unsigned char)at->p[1]))
		return false;
	do
		skip_line(at);
	while (at->p < at->end && !ends_pod(at));
	skip_line(at);
	return true;
}

void
perlskip_space(struct perlskip *at)
{
	while (at->p < at->end)
		if (isspace((unsigned char)*at->p))
			at->p++;
		else if (*at->p == '#')
			skip_line(at);
		else if (!skip_pod(at))
			return;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool
perlskip_word(const struct perlskip *at, const char *const *words)
{
	for (; *words != NULL; words++) {
		size_t len = strlen(*words);

		if ((size_t)(at->end - at->p) >= len &&
		    memcmp(at->p, *words, len) == 0 && !is_word(at->p[len]))
			return true;
	}
	return false;
}

/* The length of a quoting word here ("qr"), its kind, and how many parts it
 * has; 0 = there is none. */
static size_t
quote_word(const struct perlskip *at, enum perl_kind *kind, int *parts)
{
	static const struct {
		const char *word;
		enum perl_kind kind;
		int parts;
	} table[] = {
	    {"qq", PERL_DOUBLE, 1}, {"qr", PERL_QR, 1},	  {"qw", PERL_WORDS, 1},
	    {"q", PERL_SINGLE, 1},  {"tr", PERL_CODE, 2}, {"m", PERL_CODE, 1},
	    {"s", PERL_CODE, 2},    {"y", PERL_CODE, 2},
	};
	size_t i, len;
	const char *p;

	if (at->p > at->start &&
	    (is_word(at->p[-1]) || strchr("$@%&>{", at->p[-1])))
		return 0;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		len = strlen(table[i].word);
		if (strncmp(at->p, table[i].word, len) != 0)
			continue;
		for (p = at->p + len; *p == ' '; p++)
			;
		/* "s => 1", "y = 2", "q, r" are no quotes. */
		if (p >= at->end || is_word(*p) || strchr("=,;).", *p) ||
		    isspace((unsigned char)*p) || (*p == '#' && p[-1] == ' '))
			continue;
		*kind = table[i].kind;
		*parts = table[i].parts;
		return (size_t)(p - at->p);
	}
	return 0;
}

bool
perlskip_is_quote(const struct perlskip *at)
{
	enum perl_kind kind;
	int parts;

	return at->p < at->end && (*at->p == '\'' || *at->p == '"' ||
				   quote_word(at, &kind, &parts) > 0);
}

static char
closer_of(char opener)
{
	static const char openers[] = "([{<", closers[] = ")]}>";
	const char *which = opener ? strchr(openers, opener) : NULL;

	return which != NULL ? closers[which - openers] : opener;
}

/* From the opener to behind the closer. */
static int
skip_delimited(struct perlskip *at, struct perlquote *q)
{
	char opener = *at->p, closer = closer_of(opener);
	int depth = 1;
	const char *p = at->p + 1;

	for (; p < at->end; p++) {
		if (*p == '\\' && p + 1 < at->end)
			p++;
		else if (*p == closer && --depth == 0)
			break;
		else if (*p == opener && closer != opener)
			depth++;
	}
	if (p >= at->end)
		return -1;
	q->text = at->p + 1;
	q->end = p;
	q->closer = closer;
	at->p = p + 1;
	return 0;
}

int
perlskip_quote(struct perlskip *at, struct perlquote *q)
{
	struct perlquote second;
	int parts = 1;
	char closer;

	q->kind = *at->p == '"' ? PERL_DOUBLE : PERL_SINGLE;
	if (*at->p != '"' && *at->p != '\'')
		at->p += quote_word(at, &q->kind, &parts);
	if (at->p >= at->end || skip_delimited(at, q) < 0)
		return -1;
	if (parts == 1)
		return 0;
	closer = q->closer;
	if (at->p[-1] == closer && closer_of(q->text[-1]) != q->text[-1]) {
		perlskip_space(at);
	} else {
		at->p--; /* s/a/b/: the middle one opens, too */
	}
	return at->p < at->end ? skip_delimited(at, &second) : -1;
}

/* ---- statements ---- */

/* What has been seen of one. */
struct scan {
	int depth;     /* of brackets */
	char before;   /* the last that was no space */
	bool block;    /* a '}' at depth 0 may end it */
	char here[64]; /* the end of a here-document that begins in this line */
};

/* <<EOT, <<'EOT', <<"EOT" */
static bool
begins_here(struct perlskip *at, struct scan *s)
{
	const char *p = at->p + 2;
	char quote = *p == '\'' || *p == '"' ? *p : '\0';
	size_t n = 0;

	p += quote != '\0';
	while (n < sizeof(s->here) - 1 && is_word(p[n]))
		n++;
	if (n == 0 || isdigit((unsigned char)*p) || (quote && p[n] != quote))
		return false;
	memcpy(s->here, p, n);
	s->here[n] = '\0';
	at->p = p + n + (quote != '\0');
	return true;
}

/* The parser stands at a line's end: behind the here-document. */
static void
skip_here(struct perlskip *at, struct scan *s)
{
	size_t len = strlen(s->here);

	do
		skip_line(at);
	while (at->p < at->end &&
	       !(strncmp(at->p, s->here, len) == 0 && at->p[len] == '\n'));
	skip_line(at);
	s->here[0] = '\0';
}

/* A '/' that begins an expression, not a division. */
static bool
is_slash_quote(const struct perlskip *at, const struct scan *s)
{
	static const char *const words[] = {"if",   "unless", "while", "until",
					    "and",  "or",     "not",   "split",
					    "grep", "return", "map",   NULL};
	struct perlskip word = *at;

	if (*at->p != '/')
		return false;
	if (s->before == '\0' || strchr("(,=~!&|{};?:", s->before))
		return true;
	while (word.p > at->start && isspace((unsigned char)word.p[-1]))
		word.p--;
	while (word.p > at->start && is_word(word.p[-1]))
		word.p--;
	return perlskip_word(&word, words);
}

/* One thing: 1 = the statement is over, 0 = go on. */
static int
skip_thing(struct perlskip *at, struct scan *s)
{
	struct perlquote q;
	char c = *at->p;

	if (c == '\n' && s->here[0] != '\0') {
		skip_here(at, s);
		return 0;
	}
	if (isspace((unsigned char)c)) {
		at->p++;
		return 0;
	}
	if ((c == '#' && s->before != '$') || skip_pod(at)) {
		if (c == '#')
			skip_line(at);
		return 0;
	}
	if (c == '<' && at->p[1] == '<' && begins_here(at, s))
		return 0;
	/* $" and $' are variables. */
	if (s->before != '$' &&
	    (perlskip_is_quote(at) || is_slash_quote(at, s))) {
		if ((c == '/' ? skip_delimited(at, &q)
			      : perlskip_quote(at, &q)) < 0)
			at->p = at->end;
		s->before = '"';
		return 0;
	}
	at->p++;
	s->before = c;
	s->depth += (c == '(' || c == '[' || c == '{');
	s->depth -= (c == ')' || c == ']' || c == '}');
	/* Below 0: a bracket that was never opened. */
	return s->depth < 0 || (c == ';' && s->depth == 0) ||
	       (c == '}' && s->depth == 0 && s->block);
}

void
perlskip_statement(struct perlskip *at)
{
	static const char *const blocks[] = {
	    "sub", "if",    "unless", "for",  "foreach", "while",
	    "do",  "until", "BEGIN",  "else", "elsif",	 NULL};
	static const char *const more[] = {"else", "elsif", NULL};
	struct scan s = {0};

	s.block = perlskip_word(at, blocks) || *at->p == '{';
	while (at->p < at->end)
		if (skip_thing(at, &s) == 1) {
			struct perlskip next = *at;

			perlskip_space(&next);
			if (!s.block || !perlskip_word(&next, more))
				return;
		}
}
