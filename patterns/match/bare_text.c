#include "patterns/match/bare_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/sixteen.h"

#define WORD \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-"

/* An entry takes more than two bytes, so no shorter file has more of them than
 * base/yamltree.c allows. */
enum { TEXT_MAX = 400 * 1000 };

/* Where the lines of each level begin. */
enum {
	FILE_KEY = 0,
	RULE = 2,
	RULE_KEY = 4,
	SAMPLE = 6,
	SAMPLE_KEY = 8,
	SAMPLE_LINE = 10, /* of several */
};

enum fate { KEEP, DROP, UNKNOWN };

struct scan {
	size_t deepest; /* where the next line may begin */
	bool must;	/* and not before: what has begun is still empty */
	bool folded;	/* or it goes on with a text */
	unsigned int blocks, keys; /* bits: seen in this rule, this sample */
};

/* A line's key, and what follows the colon and a blank, or ends the line. */
struct pair {
	const char *key, *value, *end;
	size_t key_len;
};

static const char *const blocks[] = {"accept", "reject", NULL};
static const char *const sample_keys[] = {"line",    "lines", "ip",
					  "user",    "session", "why",
					  "checked", NULL};

/* ---- values ---- */

static bool
is_word_start(char c)
{
	return c != '\0' && strchr(WORD, c) != NULL &&
	       strchr("./_-", c) == NULL;
}

static bool
is_single_quoted(const char *p, const char *end)
{
	for (p++; (p = memchr(p, '\'', (size_t)(end - p))) != NULL; p += 2)
		if (p + 1 == end || p[1] != '\'')
			break;
	return p != NULL && p + 1 == end;
}

static bool
is_double_quoted(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && strchr("\"\\t", *++p) == NULL)
			return false;
	return p + 1 == end;
}

static bool
is_scalar(const char *p, const char *end)
{
	if (*p == '\'')
		return is_single_quoted(p, end);
	if (*p == '"')
		return is_double_quoted(p, end);
	return is_word_start(*p) && p + strspn(p, WORD " ") == end;
}

/* What follows a word, or a quoted one, which may have stars. NULL: something
 * else begins here. */
static const char *
skip_item(const char *p)
{
	if (is_word_start(*p))
		return p + strspn(p, WORD);
	if (*p++ != '\'')
		return NULL;
	p += strspn(p, WORD "*");
	return *p == '\'' ? p + 1 : NULL;
}

/* As "[a, b]". */
static bool
is_list(const char *p, const char *end)
{
	if (*p != '[')
		return false;
	while ((p = skip_item(p + 1)) != NULL && p[0] == ',' && p[1] == ' ')
		p++;
	return p != NULL && *p == ']' && p + 1 == end;
}

/* ---- lines ---- */

static bool
split(struct pair *pair, const char *p, const char *end)
{
	pair->key = p;
	pair->end = end;
	while (*p >= 'a' && *p <= 'z')
		p++;
	pair->key_len = (size_t)(p - pair->key);
	if (pair->key_len == 0 || *p++ != ':' || (p < end && *p++ != ' '))
		return false;
	pair->value = p;
	return true;
}

static bool
is_key(const struct pair *pair, const char *key)
{
	return *pair->key == *key && strlen(key) == pair->key_len &&
	       memcmp(pair->key, key, pair->key_len) == 0;
}

static bool
is_empty(const struct pair *pair)
{
	return pair->value == pair->end;
}

static bool
has_scalar(const struct pair *pair)
{
	return is_scalar(pair->value, pair->end);
}

static bool
has_value(const struct pair *pair)
{
	return has_scalar(pair) || is_list(pair->value, pair->end);
}

/* Notes a key of the list. false: it is not one of them, or the second. */
static bool
note_key(unsigned int *seen, const struct pair *pair, const char *const *keys)
{
	unsigned int bit = 1;

	for (; *keys != NULL && !is_key(pair, *keys); keys++)
		bit <<= 1;
	if (*keys == NULL || *seen & bit)
		return false;
	*seen |= bit;
	return true;
}

static enum fate
file_key(struct scan *s, const struct pair *pair)
{
	s->folded = strncmp(pair->value, ">-\n", 3) == 0;
	if (is_empty(pair) && is_key(pair, "rules"))
		s->deepest = RULE;
	else if (!s->folded && !has_value(pair))
		return UNKNOWN;
	return KEEP;
}

static enum fate
rule_key(struct scan *s, const struct pair *pair)
{
	s->deepest = RULE_KEY;
	if (!is_key(pair, "accept") && !is_key(pair, "reject"))
		return has_value(pair) ? KEEP : UNKNOWN;
	if (!is_empty(pair) || !note_key(&s->blocks, pair, blocks))
		return UNKNOWN;
	s->deepest = SAMPLE;
	s->must = true;
	return DROP;
}

static enum fate
sample_key(struct scan *s, const struct pair *pair)
{
	if (!note_key(&s->keys, pair, sample_keys))
		return UNKNOWN;
	s->deepest = SAMPLE_KEY;
	if (!is_key(pair, "lines"))
		return has_scalar(pair) ? DROP : UNKNOWN;
	s->deepest = SAMPLE_LINE;
	s->must = true;
	return is_empty(pair) ? DROP : UNKNOWN;
}

/* The first key of a rule stays, so that a rule does. */
static enum fate
first_key(struct scan *s, const struct pair *pair)
{
	s->blocks = 0;
	return has_value(pair) ? rule_key(s, pair) : UNKNOWN;
}

/* A line that is neither empty nor a comment; p is where it begins. */
static enum fate
look(struct scan *s, size_t column, const char *p, const char *end)
{
	struct pair pair;

	if (column > s->deepest || (s->must && column != s->deepest))
		return UNKNOWN;
	s->must = false;
	s->deepest = column;
	if (column == RULE || column == SAMPLE || column == SAMPLE_LINE) {
		if (p[0] != '-' || p[1] != ' ')
			return UNKNOWN;
		p += 2;
	}
	if (column == SAMPLE_LINE)
		return is_scalar(p, end) ? DROP : UNKNOWN;
	if (!split(&pair, p, end))
		return UNKNOWN;
	switch (column) {
	case FILE_KEY:
		return file_key(s, &pair);
	case RULE:
		return first_key(s, &pair);
	case RULE_KEY:
		return rule_key(s, &pair);
	case SAMPLE:
		s->keys = 0;
		return sample_key(s, &pair);
	case SAMPLE_KEY:
		return sample_key(s, &pair);
	default:
		return UNKNOWN;
	}
}

static enum fate
look_at_line(struct scan *s, const char *line, const char *end)
{
	const char *p = line;
	size_t column;

	while (*p == ' ')
		p++;
	column = (size_t)(p - line);
	if (line == end)
		return DROP;
	if (*p == '#' && (column == 0 || !s->folded)) {
		s->folded = false;
		return DROP;
	}
	if (s->folded && column == 2 && p < end && *p != '#')
		return KEEP;
	if (p == end)
		return UNKNOWN;
	s->folded = false;
	return look(s, column, p, end);
}

/* Only bytes that are one column wide, in lines that end. As signed ones,
 * those beyond ASCII are below zero. It does not stop at the first other byte:
 * hardly any file has one. */
static bool
is_plain(const char *text, size_t len)
{
	sixteen bytes, wrong = {0};
	size_t i = 0;
	bool any;

	for (; i + sizeof(bytes) <= len; i += sizeof(bytes)) {
		bytes = sixteen_load(text + i);
		wrong |= (sixteen)(((bytes < ' ') & (bytes != '\n')) |
				   (bytes > '~'));
	}
	any = sixteen_bits(wrong) != 0;
	for (; i < len; i++)
		any |= (text[i] < ' ' && text[i] != '\n') || text[i] > '~';
	return !any && len > 0 && text[len - 1] == '\n';
}

bool
bare_text(char *text, size_t *len)
{
	const char *line = text, *end = text + *len, *newline;
	struct scan s = {0};
	enum fate fate = KEEP;
	char *bare, *out;
	size_t kept;
	bool known;

	if (*len > TEXT_MAX || !is_plain(text, *len))
		return false;
	bare = out = alloc_resize(NULL, *len, 1);
	for (; line < end && fate != UNKNOWN; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		fate = look_at_line(&s, line, newline);
		kept = fate == KEEP ? (size_t)(newline - line) : 0;
		memcpy(out, line, kept);
		out[kept] = '\n';
		out += kept + 1;
	}
	known = fate != UNKNOWN && !s.must;
	if (known) {
		*len = (size_t)(out - bare);
		memcpy(text, bare, *len);
	}
	free(bare);
	return known;
}
