#include "patterns/match/regex_tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct reader {
	struct regex_tokens *out;
	const char *text, *p;
	size_t open[64]; /* groups that are not closed yet */
	size_t depth;
};

static void
admit(uint32_t set[8], unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		set[first / 32] |= UINT32_C(1) << first % 32;
}

static void
admit_rest(uint32_t set[8])
{
	for (size_t i = 0; i < 8; i++)
		set[i] = ~set[i];
}

/* \d, \w, \s and their opposites: true; another letter: false. */
static bool
admit_kind(uint32_t set[8], char c)
{
	uint32_t kind[8] = {0};

	switch (tolower((unsigned char)c)) {
	case 'd':
		admit(kind, '0', '9');
		break;
	case 'w':
		admit(kind, '0', '9');
		admit(kind, 'A', 'Z');
		admit(kind, 'a', 'z');
		admit(kind, '_', '_');
		break;
	case 's':
		admit(kind, '\t', '\r');
		admit(kind, ' ', ' ');
		break;
	default:
		return false;
	}
	if (isupper((unsigned char)c))
		admit_rest(kind);
	for (size_t i = 0; i < 8; i++)
		set[i] |= kind[i];
	return true;
}

static unsigned char
escaped(char c)
{
	static const char letters[] = "tnrfea", bytes[] = "\t\n\r\f\x1b\a";
	const char *at = strchr(letters, c);

	return (unsigned char)(at && c ? bytes[at - letters] : c);
}

/* One byte of a class, or the first of a range; p stands behind it. */
static unsigned char
class_byte(struct reader *r)
{
	if (*r->p == '\\' && r->p[1] != '\0')
		r->p++;
	else
		return (unsigned char)*r->p++;
	return escaped(*r->p++);
}

/* p stands behind '['. */
static void
read_class(struct reader *r, struct regex_token *a)
{
	bool negative = *r->p == '^';
	const char *first;
	unsigned char from, to;

	r->p += negative;
	for (first = r->p; *r->p != '\0' && (*r->p != ']' || r->p == first);) {
		if (*r->p == '\\' && admit_kind(a->set, r->p[1])) {
			r->p += 2;
			continue;
		}
		from = to = class_byte(r);
		if (*r->p == '-' && r->p[1] != ']' && r->p[1] != '\0') {
			r->p++;
			to = class_byte(r);
		}
		admit(a->set, from, to);
	}
	r->p += *r->p == ']';
	if (negative)
		admit_rest(a->set);
}

/* p stands behind the backslash. */
static void
read_escape(struct reader *r, struct regex_token *a)
{
	char c = *r->p++;
	const char *end;

	if (admit_kind(a->set, c))
		return;
	if (strchr("bBAzZGK", c) != NULL) {
		a->kind = TOKEN_EMPTY;
	} else if (strchr("kgx0123456789pPXRNHhvV", c) != NULL) {
		a->kind = TOKEN_OTHER;
		end = *r->p == '{' ? strchr(r->p, '}') : NULL;
		end = *r->p == '<' ? strchr(r->p, '>') : end;
		if (end != NULL)
			r->p = end + 1;
	} else {
		admit(a->set, escaped(c), escaped(c));
	}
}

/* p stands behind '('. */
static void
read_open(struct reader *r, struct regex_token *a)
{
	const char *name = NULL;

	a->kind = TOKEN_OPEN;
	if (r->depth < sizeof(r->open) / sizeof(r->open[0]))
		r->open[r->depth] = r->out->count;
	r->depth++;
	if (*r->p != '?')
		return;
	r->p++;
	if (*r->p == 'P' && r->p[1] == '<')
		r->p++;
	if (*r->p == '<' && (isalpha((unsigned char)r->p[1]) || r->p[1] == '_'))
		name = r->p + 1;
	a->looks = !name && strchr("=!<", *r->p) != NULL;
	if (name != NULL) {
		a->name = name;
		a->name_len = strcspn(name, ">");
		r->p = name + a->name_len;
		r->p += *r->p != '\0';
		return;
	}
	r->p += *r->p == '<';
	if (*r->p != '\0' && strchr("=!>|", *r->p) != NULL) {
		r->p++;
		return;
	}
	r->p += strspn(r->p, "^imsxnJU-"); /* (?i:...), (?i) */
	r->p += *r->p == ':';
}

static void
read_close(struct reader *r, struct regex_token *a)
{
	a->kind = TOKEN_CLOSE;
	if (r->depth == 0)
		return;
	r->depth--;
	if (r->depth < sizeof(r->open) / sizeof(r->open[0])) {
		a->other = r->open[r->depth];
		r->out->list[a->other].other = r->out->count;
	}
}

static void
read_repeat(struct reader *r, struct regex_token *a)
{
	unsigned long min, max;
	char *end;

	if (*r->p == '*' || *r->p == '+' || *r->p == '?') {
		a->min = *r->p == '+';
		a->max = *r->p == '?' ? 1 : TOKEN_UNBOUNDED;
		r->p++;
	} else if (*r->p == '{' && isdigit((unsigned char)r->p[1])) {
		min = max = strtoul(r->p + 1, &end, 10);
		if (*end == ',')
			max = isdigit((unsigned char)end[1])
				  ? strtoul(end + 1, &end, 10)
				  : (end++, (unsigned long)TOKEN_UNBOUNDED);
		a->min = (unsigned int)min;
		a->max = (unsigned int)max;
		r->p = end + (*end == '}');
	} else {
		return;
	}
	a->lazy = *r->p == '?';
	r->p += *r->p == '?' || *r->p == '+';
}

static void
read_one(struct reader *r, struct regex_token *a)
{
	char c = *r->p++;

	switch (c) {
	case '(':
		read_open(r, a);
		return;
	case ')':
		read_close(r, a);
		return;
	case '|':
		a->kind = TOKEN_BAR;
		return;
	case '^':
	case '$':
		a->kind = TOKEN_EMPTY;
		return;
	case '[':
		read_class(r, a);
		return;
	case '\\':
		if (*r->p != '\0')
			read_escape(r, a);
		return;
	case '.':
		a->any = true;
		admit_rest(a->set);
		return;
	default:
		admit(a->set, (unsigned char)c, (unsigned char)c);
	}
}

void
regex_tokens_read(struct regex_tokens *out, const char *expression)
{
	struct reader r = {.out = out, .text = expression, .p = expression};
	struct regex_token a;

	*out = (struct regex_tokens){0};
	while (*r.p != '\0') {
		a = (struct regex_token){
		    .at = (size_t)(r.p - expression), .min = 1, .max = 1};
		read_one(&r, &a);
		a.len = (size_t)(r.p - expression) - a.at;
		if (a.kind != TOKEN_OPEN && a.kind != TOKEN_BAR)
			read_repeat(&r, &a);
		out->list = alloc_resize(out->list, out->count + 1, sizeof(a));
		out->list[out->count] = a;
		if (a.kind == TOKEN_CLOSE && a.other < out->count) {
			out->list[a.other].min = a.min;
			out->list[a.other].max = a.max;
			out->list[a.other].lazy = a.lazy;
		}
		out->count++;
	}
}

int
regex_token_literal(const struct regex_token *a)
{
	int c, found = -1;

	if (a->kind != TOKEN_BYTES || a->min != 1 || a->max != 1)
		return -1;
	for (c = 0; c < 256; c++) {
		if (!atom_admits(a, (unsigned char)c))
			continue;
		if (found >= 0)
			return -1;
		found = c;
	}
	return found;
}

void
regex_tokens_clear(struct regex_tokens *atoms)
{
	free(atoms->list);
	*atoms = (struct regex_tokens){0};
}

size_t
regex_tokens_group(const struct regex_tokens *atoms, const char *name, size_t from)
{
	const struct regex_token *a;
	size_t i;

	for (i = from; i < atoms->count; i++) {
		a = &atoms->list[i];
		if (a->kind == TOKEN_OPEN && a->name != NULL &&
		    a->name_len == strlen(name) &&
		    memcmp(a->name, name, a->name_len) == 0)
			return i;
	}
	return atoms->count;
}

size_t
regex_tokens_least(const struct regex_tokens *atoms, size_t begin, size_t end)
{
	const struct regex_token *a;
	size_t i, sum = 0, least = SIZE_MAX;

	for (i = begin; i < end; i++) {
		a = &atoms->list[i];
		if (a->kind == TOKEN_BAR) {
			least = sum < least ? sum : least;
			sum = 0;
		} else if (a->kind == TOKEN_OPEN && a->other > i) {
			if (!a->looks)
				sum += a->min *
				       regex_tokens_least(atoms, i + 1, a->other);
			i = a->other;
		} else if (a->kind == TOKEN_BYTES) {
			sum += a->min;
		}
	}
	return sum < least ? sum : least;
}
