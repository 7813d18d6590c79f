#include "patterns/check/payload_corpus.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/check/captures.h"
#include "patterns/check/sample_run.h"
#include "patterns/line/logline.h"
#include "patterns/match/regex_tokens.h"
#include "patterns/match/rules.h"

/* An accepted line of a rule. */
struct success {
	const char *line; /* borrowed from the rules */
	size_t len;
	struct captures parts;
	size_t rule;
};

struct payload_corpus {
	struct success *list;
	size_t count;
	struct strings *words; /* of each rule: literals of its expressions */
	size_t nrules;
};

/* What a forgery tries to get authorized. */
static const char *const attackers[] = {"6.6.6.6", "2001:db8:6::6",
					"::ffff:6.6.6.6", "[6.6.6.6]",
					"[2001:db8:6::6]"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t
random_below(uint64_t *state, uint64_t n)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % n;
}

size_t
random_between(uint64_t *state, size_t low, size_t high)
{
	return low + random_below(state, high - low + 1);
}

void
payload_corpus_add(struct payload *p, const char *bytes, size_t len)
{
	size_t room = sizeof(p->bytes) - p->len;

	if (len > room)
		len = room;
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

void
payload_corpus_add_text(struct payload *p, const char *text)
{
	payload_corpus_add(p, text, strlen(text));
}

static void
add_sample(struct payload_corpus *all, struct recognizer *recognizer,
	   const struct sample *sample, const struct ruleset *set, size_t rule)
{
	struct success s = {.rule = rule};
	size_t i;

	for (i = 0; i < sample->nlines; i++) {
		s.line = sample->lines[i];
		s.len = strlen(s.line);
		if (!captures_find(&s.parts, recognizer, s.line, s.len) ||
		    s.parts.rule != &set->list[rule])
			continue;
		all->list = alloc_resize(all->list, all->count + 1, sizeof(s));
		all->list[all->count++] = s;
	}
}

/* Adds each run of literal bytes in an expression. */
static void
add_words(struct strings *words, const char *expression)
{
	struct regex_tokens tokens;
	char word[64];
	size_t i, len = 0;
	int c;

	regex_tokens_read(&tokens, expression);
	for (i = 0; i <= tokens.count; i++) {
		c = i < tokens.count ? regex_token_literal(&tokens.list[i])
				     : -1;
		if (c > 0 && len < sizeof(word) - 1) {
			word[len++] = (char)c;
			continue;
		}
		word[len] = '\0';
		if (len >= 2)
			strings_add(words, word);
		len = 0;
	}
	regex_tokens_clear(&tokens);
}

struct payload_corpus *
payload_corpus_new(struct recognizer *recognizer, const struct ruleset *set)
{
	struct payload_corpus *all = alloc_zero(1, sizeof(*all));
	size_t rule, i;

	all->words = alloc_zero(set->count, sizeof(*all->words));
	all->nrules = set->count;
	for (rule = 0; rule < set->count; rule++) {
		for (i = 0; i < set->list[rule].accept.count; i++)
			add_sample(all, recognizer,
				   &set->list[rule].accept.list[i], set, rule);
		for (i = 0; i < RULE_ROLES; i++)
			if (set->list[rule].expressions[i] != NULL)
				add_words(&all->words[rule],
					  set->list[rule].expressions[i]);
	}
	return all;
}

const struct strings *
payload_corpus_words(const struct payload_corpus *all, size_t rule)
{
	return &all->words[rule];
}

size_t
payload_corpus_count(const struct payload_corpus *all)
{
	return all->count;
}

void
payload_corpus_free(struct payload_corpus **allp)
{
	struct payload_corpus *all = *allp;
	size_t i;

	*allp = NULL;
	if (all == NULL)
		return;
	for (i = 0; i < all->nrules; i++)
		strings_clear(&all->words[i]);
	free(all->words);
	free(all->list);
	free(all);
}

/* Half of the time one of this rule, as it is the most likely to fool it. */
static const struct success *
draw_success(const struct payload_corpus *all, uint64_t *random, size_t own)
{
	size_t i, n = 0;

	if (random_below(random, 2) == 0)
		return &all->list[random_below(random, all->count)];
	for (i = 0; i < all->count; i++)
		n += all->list[i].rule == own;
	if (n == 0)
		return &all->list[random_below(random, all->count)];
	n = random_below(random, n);
	for (i = 0; all->list[i].rule != own || n-- > 0; i++)
		;
	return &all->list[i];
}

/* Adds bytes begin to end of a line, with another address in it. */
static void
add_piece(struct payload *p, const struct success *s, size_t begin, size_t end,
	  const char *address)
{
	const struct captures *a = &s->parts;

	if (a->ip_end == 0 || begin > a->ip || end < a->ip_end) {
		payload_corpus_add(p, s->line + begin, end - begin);
		return;
	}
	payload_corpus_add(p, s->line + begin, a->ip - begin);
	payload_corpus_add_text(p, address);
	payload_corpus_add(p, s->line + a->ip_end, end - a->ip_end);
}

static size_t
draw_begin(const struct success *s, uint64_t *random)
{
	const struct captures *a = &s->parts;
	size_t begin;

	switch (random_below(random, 6)) {
	case 0:
		return 0;
	case 1:
		return a->text;
	case 2:
		return a->user_end > 0 ? a->user : a->text;
	case 3:
		begin = a->ip > a->text + 10 ? a->ip - 10 : a->text;
		return random_between(random, begin,
				      a->ip > begin ? a->ip : begin);
	case 4:
		return random_between(random, a->text, s->len);
	default:
		return a->user_end > 0 ? a->user_end : a->text;
	}
}

static size_t
draw_end(const struct success *s, uint64_t *random, size_t begin)
{
	size_t low = s->parts.ip_end > begin ? s->parts.ip_end : begin;

	switch (random_below(random, 3)) {
	case 0:
		return low;
	case 1:
		return random_between(random, low, s->len);
	default:
		return s->len;
	}
}

void
payload_corpus_add_success(struct payload *p, const struct payload_corpus *all,
			   uint64_t *random, size_t own, const char *address)
{
	const struct success *s = draw_success(all, random, own);
	size_t begin = draw_begin(s, random);

	add_piece(p, s, begin, draw_end(s, random, begin), address);
}

const char *
payload_corpus_attacker(uint64_t *random)
{
	return attackers[random_below(random, COUNT(attackers))];
}

const char *
payload_corpus_draw_line(struct payload *p, const struct payload_corpus *all,
			 uint64_t *random, size_t own)
{
	const struct success *s = draw_success(all, random, own);
	const char *address = payload_corpus_attacker(random);

	p->len = 0;
	add_piece(p, s, 0, s->len, address);
	return address;
}

static bool
is_of_program(const struct rule *rule, const struct logline *line)
{
	return rule->header == line->header &&
	       rule_knows_program(rule, line->program, line->program_len);
}

/* One line of a login in two lines gives no address, but counts as a login. */
static bool
is_part(const struct success *s, struct recognizer *recognizer,
	const struct sample_run_line *line)
{
	struct captures parts;

	return s->parts.rule->connect != NULL &&
	       captures_find(&parts, recognizer, line->bytes, line->len) &&
	       parts.rule == s->parts.rule;
}

/* Whether some rest of the accepted line makes a login of the head. */
static bool
completes(const struct success *s, struct recognizer *recognizer,
	  const char *line, size_t head, time_t now)
{
	char *bytes = alloc_resize(NULL, head + s->len, 1);
	struct sample_run_addrs got = {0};
	struct sample_run run;
	bool is_login = false;
	size_t at;

	memcpy(bytes, line, head);
	for (at = s->parts.text; at <= s->len && !is_login; at++) {
		memcpy(bytes + head, s->line + at, s->len - at);
		run.nlines = 1;
		run.lines[0].bytes = bytes;
		run.lines[0].len = head + s->len - at;
		sample_run_collect(&run, recognizer, now, &got);
		is_login =
		    got.count > 0 || is_part(s, recognizer, &run.lines[0]);
	}
	free(bytes);
	return is_login;
}

bool
payload_corpus_complete(const struct payload_corpus *all,
			struct recognizer *recognizer, const char *line,
			size_t head, time_t now)
{
	const struct success *s = all->list, *end = s + all->count;
	struct logline parsed;

	if (logline_parse(&parsed, line, head) != 0)
		return false;
	for (; s < end; s++)
		if (is_of_program(s->parts.rule, &parsed) &&
		    completes(s, recognizer, line, head, now))
			return true;
	return false;
}
