#include "patterns/match/regex_tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { DEPTH_MAX = 250 }; /* PCRE2's own limit of nested groups */

struct reader {
	struct regex_tokens *out;
	const char *p;
	size_t open[DEPTH_MAX]; /* indices of groups that are not closed yet */
	size_t depth;
};

static void
byte_set_invert(struct byte_set *set)
{
	size_t i;

	for (i = 0; i < 8; i++)
		set->bit[i] = ~set->bit[i];
}

static int
is_word(int c)
{
	return isalnum(c) || c == '_';
}

static int
is_ascii(int c)
{
	return c < 0x80;
}

/* Adds the bytes of a kind, or all others. */
static void
add_kind(struct byte_set *set, int (*is)(int), bool negated)
{
	unsigned int c;

	for (c = 0; c < 256; c++)
		if ((is((int)c) != 0) != negated)
			byte_set_add(set, c, c);
}

/* \d, \w, \s and their opposites: true; any other letter: false. */
static bool
add_letter_kind(struct byte_set *set, char letter)
{
	int c = (unsigned char)letter;

	switch (tolower(c)) {
	case 'd':
		add_kind(set, isdigit, isupper(c));
		return true;
	case 'w':
		add_kind(set, is_word, isupper(c));
		return true;
	case 's':
		add_kind(set, isspace, isupper(c));
		return true;
	default:
		return false;
	}
}

/* The byte that a letter after a backslash means; false: it means something
 * else than one byte that is always the same. */
static bool
escaped_byte(char c, unsigned char *byte)
{
	static const char letters[] = "tnrfea", bytes[] = "\t\n\r\f\x1b\a";
	const char *at = strchr(letters, c);

	*byte = (unsigned char)(at != NULL ? bytes[at - letters] : c);
	return at != NULL || !isalnum((unsigned char)c);
}

/* Skips what belongs to the escape of this letter: "{user}" of "\k{user}". */
static void
skip_argument(struct reader *r, char letter)
{
	static const char opening[] = "{<'", closing[] = "}>'";
	const char *at = *r->p != '\0' ? strchr(opening, *r->p) : NULL;
	const char *end = NULL;

	if (letter == 'Q' || letter == 'E')
		r->out->doubtful = true;
	if (letter == 'Q') {
		end = strstr(r->p, "\\E");
		r->p = end != NULL ? end + 2 : r->p + strlen(r->p);
	} else if (letter == 'c') {
		r->p += *r->p != '\0';
	} else if (at != NULL && strchr("gkNopPx", letter) != NULL) {
		end = strchr(r->p + 1, closing[at - opening]);
		r->p = end != NULL ? end + 1 : r->p;
	}
}

/* ---- classes ---- */

/* At a '[' within a class: reads "[:alpha:]" or "[:^alpha:]". */
static bool
read_named_kind(struct reader *r, struct byte_set *set)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} kinds[] = {
	    {"alnum:]", isalnum}, {"alpha:]", isalpha},	 {"ascii:]", is_ascii},
	    {"blank:]", isblank}, {"cntrl:]", iscntrl},	 {"digit:]", isdigit},
	    {"graph:]", isgraph}, {"lower:]", islower},	 {"print:]", isprint},
	    {"punct:]", ispunct}, {"space:]", isspace},	 {"upper:]", isupper},
	    {"word:]", is_word},  {"xdigit:]", isxdigit}};
	bool negated = strncmp(r->p, "[:^", 3) == 0;
	const char *name = r->p + (negated ? 3 : 2);
	size_t i, len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		len = strlen(kinds[i].name);
		if (strncmp(name, kinds[i].name, len) != 0)
			continue;
		add_kind(set, kinds[i].is, negated);
		r->p = name + len;
		return true;
	}
	return false;
}

/* Reads one end of a range. false: which byte it is is not known. */
static bool
read_class_byte(struct reader *r, unsigned char *byte)
{
	char c = *r->p++;

	*byte = (unsigned char)c;
	if (c != '\\' || *r->p == '\0')
		return true;
	c = *r->p++;
	if (escaped_byte(c, byte))
		return true;
	*byte = '\b';
	if (c == 'b')
		return true;
	skip_argument(r, c);
	return false;
}

/* Reads a kind, a byte or a range. false: it is not known what it adds. */
static bool
read_class_item(struct reader *r, struct byte_set *set)
{
	unsigned char first, last;
	bool known;

	if (*r->p == '[' && r->p[1] != '\0' && strchr(":.=", r->p[1])) {
		if (r->p[1] == ':' && read_named_kind(r, set))
			return true;
		r->out->doubtful = true;
	}
	if (*r->p == '\\' && add_letter_kind(set, r->p[1])) {
		r->p += 2;
		return true;
	}
	known = read_class_byte(r, &first);
	last = first;
	if (*r->p == '-' && r->p[1] != ']' && r->p[1] != '\0') {
		r->p++;
		known = read_class_byte(r, &last) && known;
	}
	byte_set_add(set, first, last);
	return known;
}

/* Reads a class after its '['. One that is not known in full gets all bytes. */
static void
read_class(struct reader *r, struct regex_token *t)
{
	bool negated = *r->p == '^', known = true;
	const char *start;

	r->p += negated;
	for (start = r->p; *r->p != '\0' && (*r->p != ']' || r->p == start);)
		known = read_class_item(r, &t->set) && known;
	r->p += *r->p == ']';
	if (negated)
		byte_set_invert(&t->set);
	if (!known)
		byte_set_add(&t->set, 0, 255);
}

/* ---- all other tokens ---- */

/* Reads an escape after its backslash. */
static void
read_escape(struct reader *r, struct regex_token *t)
{
	char c = *r->p++;
	unsigned char byte;

	if (add_letter_kind(&t->set, c))
		return;
	if (escaped_byte(c, &byte)) {
		byte_set_add(&t->set, byte, byte);
	} else if (strchr("bBAzZGK", c) != NULL) {
		t->kind = TOKEN_EMPTY;
	} else {
		t->kind = TOKEN_OTHER;
		skip_argument(r, c);
	}
}

static bool
is_one_of(char c, const char *list)
{
	return c != '\0' && strchr(list, c) != NULL;
}

/* Reads what follows "(?": "<name>", ":", "!", "i:" ... */
static void
read_group_kind(struct reader *r, struct regex_token *t)
{
	if (!is_one_of(*r->p, ":>=!<|P'"))
		r->out->doubtful = true;
	r->p += *r->p == 'P' && r->p[1] == '<';
	if (*r->p == '<' && !is_one_of(r->p[1], "=!")) {
		t->plain = true;
		t->name = r->p + 1;
		t->name_len = strcspn(t->name, ">");
		r->p = t->name + t->name_len;
		r->p += *r->p != '\0';
		return;
	}
	t->looks = is_one_of(*r->p, "=!<");
	t->plain = is_one_of(*r->p, ":>|");
	r->p += *r->p == '<';
	if (is_one_of(*r->p, ":>=!|")) {
		r->p++;
		return;
	}
	r->p += strspn(r->p, "^imsxnJU-");
	r->p += *r->p == ':';
}

/* Reads the start of a group after its '('. */
static void
read_open(struct reader *r, struct regex_token *t)
{
	t->kind = TOKEN_OPEN;
	if (r->depth < DEPTH_MAX)
		r->open[r->depth] = r->out->count;
	r->depth++;
	if (*r->p == '?') {
		r->p++;
		read_group_kind(r, t);
	} else {
		t->plain = *r->p != '*';
	}
}

static void
read_close(struct reader *r, struct regex_token *t)
{
	t->kind = TOKEN_CLOSE;
	if (r->depth == 0 || --r->depth >= DEPTH_MAX)
		return;
	t->other = r->open[r->depth];
	r->out->list[t->other].other = r->out->count;
}

static void
read_bar(struct reader *r, struct regex_token *t)
{
	t->kind = TOKEN_BAR;
	if (r->depth == 0)
		r->out->branches = true;
	else if (r->depth <= DEPTH_MAX)
		r->out->list[r->open[r->depth - 1]].branches = true;
}

/* After "{2}", "{2,}" or "{2,5}"; NULL: this is no quantifier. */
static const char *
read_braces(const char *p, struct regex_token *t)
{
	unsigned long min, max;
	char *end;

	if (!isdigit((unsigned char)p[1]))
		return NULL;
	min = max = strtoul(p + 1, &end, 10);
	if (*end == ',') {
		max = TOKEN_UNBOUNDED;
		if (isdigit((unsigned char)*++end))
			max = strtoul(end, &end, 10);
	}
	if (*end != '}')
		return NULL;
	t->min = (unsigned int)min;
	t->max = (unsigned int)max;
	return end + 1;
}

static void
read_quantifier(struct reader *r, struct regex_token *t)
{
	const char *end = r->p + 1;

	if (is_one_of(*r->p, "*+?")) {
		t->min = *r->p == '+';
		t->max = *r->p == '?' ? 1 : TOKEN_UNBOUNDED;
	} else {
		end = *r->p == '{' ? read_braces(r->p, t) : NULL;
	}
	if (end != NULL)
		r->p = end + is_one_of(*end, "?+");
}

/* A quantifier of a quantifier, or one that only newer releases of PCRE2 know,
 * like "{,3}". */
static bool
is_odd_quantifier(const char *p)
{
	if (*p != '{')
		return is_one_of(*p, "*+?");
	return p[1 + strspn(p + 1, "0123456789, \t")] == '}';
}

static void
read_token(struct reader *r, struct regex_token *t)
{
	char c = *r->p;

	if (is_odd_quantifier(r->p))
		r->out->doubtful = true;
	r->p++;
	switch (c) {
	case '(':
		read_open(r, t);
		return;
	case ')':
		read_close(r, t);
		return;
	case '|':
		read_bar(r, t);
		return;
	case '^':
	case '$':
		t->kind = TOKEN_EMPTY;
		return;
	case '[':
		read_class(r, t);
		return;
	case '\\':
		if (*r->p != '\0')
			read_escape(r, t);
		return;
	case '.':
		t->any = true;
		byte_set_add(&t->set, 0, 255);
		return;
	default:
		byte_set_add(&t->set, (unsigned char)c, (unsigned char)c);
	}
}

void
regex_tokens_read(struct regex_tokens *out, const char *expression)
{
	struct reader r = {.out = out, .p = expression};
	struct regex_token *t;

	/* No token is shorter than a byte. */
	*out = (struct regex_tokens){
	    .list = alloc_zero(strlen(expression) + 1, sizeof(*out->list))};
	for (; *r.p != '\0'; out->count++) {
		t = &out->list[out->count];
		t->at = (size_t)(r.p - expression);
		t->min = t->max = 1;
		t->other = out->count;
		read_token(&r, t);
		t->len = (size_t)(r.p - expression) - t->at;
		if (t->kind != TOKEN_OPEN && t->kind != TOKEN_BAR)
			read_quantifier(&r, t);
		if (t->kind == TOKEN_CLOSE) {
			out->list[t->other].min = t->min;
			out->list[t->other].max = t->max;
		}
	}
}

void
regex_tokens_clear(struct regex_tokens *tokens)
{
	free(tokens->list);
	*tokens = (struct regex_tokens){0};
}

/* ---- questions ---- */

int
regex_token_literal(const struct regex_token *t)
{
	int c, found = -1;

	if (t->kind != TOKEN_BYTES || t->min != 1 || t->max != 1)
		return -1;
	for (c = 0; c < 256; c++) {
		if (!byte_set_has(&t->set, (unsigned char)c))
			continue;
		if (found >= 0)
			return -1;
		found = c;
	}
	return found;
}

size_t
regex_tokens_group(const struct regex_tokens *tokens, const char *name,
		   size_t from)
{
	const struct regex_token *t;
	size_t i;

	for (i = from; i < tokens->count; i++) {
		t = &tokens->list[i];
		if (t->name != NULL && t->name_len == strlen(name) &&
		    memcmp(t->name, name, t->name_len) == 0)
			return i;
	}
	return tokens->count;
}

size_t
regex_tokens_least(const struct regex_tokens *tokens, size_t begin, size_t end)
{
	const struct regex_token *t;
	size_t i, sum = 0, least = SIZE_MAX;

	for (i = begin; i < end; i++) {
		t = &tokens->list[i];
		if (t->kind == TOKEN_BAR) {
			least = sum < least ? sum : least;
			sum = 0;
		} else if (t->kind == TOKEN_OPEN) {
			if (!t->looks)
				sum += t->min * regex_tokens_least(
						    tokens, i + 1, t->other);
			i = t->other;
		} else if (t->kind == TOKEN_BYTES) {
			sum += t->min;
		}
	}
	return sum < least ? sum : least;
}
