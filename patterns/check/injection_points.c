#include "patterns/check/injection_points.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/check/captures.h"
#include "patterns/check/line_cut.h"
#include "patterns/line/logline.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

/* The lengths and number of texts that precede a name. */
enum { BEFORE_MAX = 16, CONTEXTS_MAX = 64 };

/* What surrounds a name in a login, and probably also in a failure. */
struct context {
	char before[BEFORE_MAX];
	size_t len;
	char after; /* '\0': the end of the line */
	bool fixed; /* not a name, but a word of the server: status="ok" */
};

struct search {
	struct injection_points *out;
	struct recognizer *recognizer;
	const struct rule *rule;
	time_t now;
	struct context contexts[CONTEXTS_MAX];
	size_t ncontexts;
	/* the line that is searched */
	const struct sample *sample;
	bool accept;
	struct sample_run run;
	size_t line;
	struct captures parts;
	/* In a login, how far right of the user the rule demands the same text;
	 * 0: nowhere. */
	size_t again;
};

static const char breakers[] = " \t\"'`<>[](){},;=";

/* ---- trying other text ---- */

/* The line with text in place of bytes begin to end; the caller frees it. */
static char *
replaced(const struct sample_run_line *line, size_t begin, size_t end,
	 const char *text, size_t len)
{
	char *bytes = alloc_resize(NULL, line->len + len + 1, 1);

	memcpy(bytes, line->bytes, begin);
	memcpy(bytes + begin, text, len);
	memcpy(bytes + begin + len, line->bytes + end, line->len - end);
	return bytes;
}

static void
try_text(struct search *s, size_t begin, size_t end, const char *text,
	 size_t len, struct sample_run_addrs *out)
{
	struct sample_run run = s->run;
	struct sample_run_line *line = &run.lines[s->line];
	char *bytes = replaced(line, begin, end, text, len);

	line->bytes = bytes;
	line->len = line->len - (end - begin) + len;
	sample_run_collect(&run, s->recognizer, s->now, out);
	free(bytes);
}

/* The same with the text also in the user's other place. */
static void
try_twice(struct search *s, size_t begin, size_t end, const char *text,
	  size_t len, struct sample_run_addrs *out)
{
	struct sample_run_line *line = &s->run.lines[s->line];
	const struct sample_run_line was = *line;

	line->bytes =
	    replaced(line, begin + s->again, end + s->again, text, len);
	line->len = line->len - (end - begin) + len;
	try_text(s, begin, end, text, len, out);
	free((char *)line->bytes);
	*line = was;
}

/* Whether the sample still gives its login with this text. */
static bool
accepts(struct search *s, size_t begin, size_t end, const char *text,
	size_t len)
{
	struct sample_run_addrs got = {0}, before = {0};

	if (s->again > 0 && begin >= s->parts.user && end <= s->parts.user_end)
		try_twice(s, begin, end, text, len, &got);
	else
		try_text(s, begin, end, text, len, &got);
	if (got.count == 0)
		return false;
	sample_run_collect(&s->run, s->recognizer, s->now, &before);
	return sample_run_beyond(&got, &before) == NULL;
}

/* Finds the bytes that the rule accepts within a word. Of bytes that no rule
 * tells apart, only one is tried. */
static void
find_admitted(struct search *s, struct injection_point *p)
{
	static const struct {
		unsigned char tried, first, last;
	} kinds[] = {{'e', 'a', 'f'},	 {'q', 'g', 'z'},   {'E', 'A', 'F'},
		     {'Q', 'G', 'Z'},	 {'7', '0', '9'},   {' ', ' ', ' '},
		     {'\t', '\t', '\t'}, {0xc3, 0x80, 0xff}};
	size_t i, middle = (p->begin + p->end) / 2;
	unsigned char c;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (accepts(s, middle, middle, (const char *)&kinds[i].tried,
			    1))
			byte_set_add(&p->admits, kinds[i].first, kinds[i].last);
	for (c = '!'; c <= '~'; c++)
		if (ispunct(c) && accepts(s, middle, middle, (char *)&c, 1))
			byte_set_add(&p->admits, c, c);
}

/* ---- points ---- */

static struct injection_point *
push_point(struct search *s, size_t begin, size_t end)
{
	struct injection_points *out = s->out;
	struct injection_point *p;

	out->list = alloc_resize(out->list, out->count + 1, sizeof(*p));
	p = &out->list[out->count++];
	*p = (struct injection_point){.sample = s->sample,
				      .accept = s->accept,
				      .line = s->line,
				      .begin = begin,
				      .end = end};
	sample_run_collect(&s->run, s->recognizer, s->now, &p->allowed);
	return p;
}

/* NULL: it is in the list already. */
static struct injection_point *
add_point(struct search *s, size_t begin, size_t end)
{
	const struct injection_point *p = s->out->list,
				     *last = p + s->out->count;

	for (; p < last; p++)
		if (p->sample == s->sample && p->line == s->line &&
		    p->begin == begin && p->end == end && !p->again)
			return NULL;
	return push_point(s, begin, end);
}

static bool
is_free_text(const struct injection_point *p)
{
	return byte_set_has(&p->admits, 'q') && byte_set_has(&p->admits, '@') &&
	       byte_set_has(&p->admits, '_');
}

/* Remembers what surrounds a name: the word before it with its punctuation, as
 * in "user=<", and the byte after it. */
static void
add_context(struct search *s, size_t begin, size_t end, bool fixed)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	size_t from = s->parts.text, at = begin, len;
	struct context *c;

	if (s->parts.ip_end <= begin && s->parts.ip_end > from)
		from = s->parts.ip_end;
	if (s->parts.user_end <= begin && s->parts.user_end > from)
		from = s->parts.user_end;
	while (at > from && !isalnum((unsigned char)line->bytes[at - 1]))
		at--;
	while (at > from && isalnum((unsigned char)line->bytes[at - 1]))
		at--;
	len = begin - at;
	if (s->ncontexts == CONTEXTS_MAX || len < 2 || len > BEFORE_MAX)
		return;
	c = &s->contexts[s->ncontexts];
	*c = (struct context){.len = len, .fixed = fixed};
	memcpy(c->before, line->bytes + begin - len, len);
	c->after = end < line->len ? line->bytes[end] : '\0';
	for (size_t i = 0; i < s->ncontexts; i++)
		if (memcmp(&s->contexts[i], c, sizeof(*c)) == 0)
			return;
	s->ncontexts++;
}

static const char *
find(const struct sample_run_line *line, size_t from, const char *what,
     size_t len)
{
	return memmem(line->bytes + from, line->len - from, what, len);
}

/* ---- in a login ---- */

static bool
is_variable(struct search *s, size_t begin, size_t end)
{
	return accepts(s, begin, end, "q", 1) ||
	       accepts(s, begin, end, "Q", 1) || accepts(s, begin, end, "7", 1);
}

static void
add_login_point(struct search *s, size_t begin, size_t end, bool open)
{
	struct injection_point *p = add_point(s, begin, end);

	if (p == NULL)
		return;
	find_admitted(s, p);
	p->closed = !open;
	if (begin != s->parts.user && !open)
		return;
	if (is_free_text(p))
		add_context(s, begin, end, false);
	if (begin != s->parts.user || s->again == 0)
		return;
	p->again = true;
	p->begin2 = begin + s->again;
	p->end2 = end + s->again;
	if (is_free_text(p))
		add_context(s, p->begin2, p->end2, false);
}

static bool
overlaps(size_t begin, size_t end, size_t other, size_t other_end)
{
	return begin < other_end && other < end;
}

static void
find_word(struct search *s, size_t begin, size_t end)
{
	const struct captures *a = &s->parts;

	if (overlaps(begin, end, a->ip, a->ip_end) ||
	    overlaps(begin, end, a->user, a->user_end) ||
	    overlaps(begin, end, a->session, a->session_end))
		return;
	if (is_variable(s, begin, end))
		add_login_point(s, begin, end, end <= a->ip);
	else
		add_context(s, begin, end, true);
}

static void
find_words(struct search *s)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	size_t begin, end;

	for (begin = s->parts.text; begin < line->len; begin = end + 1) {
		for (end = begin; end < line->len; end++)
			if (strchr(breakers, line->bytes[end]) != NULL)
				break;
		if (end > begin)
			find_word(s, begin, end);
	}
}

/* How far right of the user the rule demands its text a second time: another
 * text must be in both places. 0: nowhere. */
static size_t
find_copy(struct search *s)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	const size_t user = s->parts.user, end = s->parts.user_end;
	const char *at;
	size_t from;

	s->again = 0;
	if (end == user || accepts(s, user, end, "q", 1))
		return 0;
	for (from = end;
	     (at = find(line, from, line->bytes + user, end - user)) != NULL;
	     from += end - user) {
		from = (size_t)(at - line->bytes);
		s->again = from - user;
		if (accepts(s, user, end, "q", 1))
			return s->again;
	}
	return 0;
}

static void
find_in_login(struct search *s)
{
	const struct captures *a = &s->parts;

	s->again = find_copy(s);
	if (a->user_end > a->user)
		add_login_point(s, a->user, a->user_end,
				!s->rule->user_checked);
	if (a->session_end > a->session)
		add_login_point(s, a->session, a->session_end,
				a->session_end <= a->ip);
	find_words(s);
}

/* ---- in a failure ---- */

/* A line may be a failure only because the rule excludes its name, as
 * "anonymous", or its length. With another name it is a login, and not a
 * forgery. */
static void
allow_harmless(struct search *s, struct injection_point *p)
{
	static const char *const harmless[] = {"q", "Q", "7", "alice"};
	size_t i;

	s->again = p->again ? p->begin2 - p->begin : 0;
	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (p->again)
			try_twice(s, p->begin, p->end, harmless[i],
				  strlen(harmless[i]), &p->allowed);
		else
			try_text(s, p->begin, p->end, harmless[i],
				 strlen(harmless[i]), &p->allowed);
	s->again = 0;
}

static void
add_failure_point(struct search *s, size_t begin, size_t end)
{
	struct injection_point *p = add_point(s, begin, end);

	if (p != NULL)
		allow_harmless(s, p);
}

/*
 * Finds a name that occurs twice, as in 'ann at host: wrong password for
 * "ann"', so that a forgery writes the same text into both. from: where to look
 * for the second one.
 */
static bool
find_again(struct search *s, size_t begin, size_t end, size_t from)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	const size_t len = end - begin;
	const char *at =
	    len < 3 ? NULL : find(line, from, line->bytes + begin, len);
	struct injection_point *p;
	size_t other;

	if (at == NULL)
		return false;
	other = (size_t)(at - line->bytes);
	if (other < end && other + len > begin)
		return false;
	p = push_point(s, begin < other ? begin : other,
		       (begin < other ? begin : other) + len);
	p->again = true;
	p->begin2 = begin < other ? other : begin;
	p->end2 = p->begin2 + len;
	allow_harmless(s, p);
	return true;
}

/* Where a name ends that follows this context: at the first byte that ends such
 * a name in some login. */
static size_t
name_end(const struct search *s, const struct context *c, size_t begin)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	const struct context *other, *last = s->contexts + s->ncontexts;
	size_t end;

	for (end = begin; end < line->len; end++)
		for (other = s->contexts; other < last; other++)
			if (!other->fixed && other->after == line->bytes[end] &&
			    memcmp(other->before, c->before, BEFORE_MAX) == 0)
				return end;
	return c->after ? begin : end;
}

static void
find_context(struct search *s, const struct context *c)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	const char *at;
	size_t from = s->parts.text, begin, end;

	while ((at = find(line, from, c->before, c->len)) != NULL) {
		from = (size_t)(at - line->bytes) + 1;
		begin = from - 1 + c->len;
		end = name_end(s, c, begin);
		if (!find_again(s, begin, end, end))
			add_failure_point(s, begin, end);
	}
}

static bool
is_fixed(const struct search *s, const struct sample_run_line *line,
	 size_t begin)
{
	const struct context *c, *last = s->contexts + s->ncontexts;

	for (c = s->contexts; c < last; c++)
		if (c->fixed && c->len <= begin &&
		    memcmp(line->bytes + begin - c->len, c->before, c->len) ==
			0)
			return true;
	return false;
}

static void
find_quoted(struct search *s, char open, char close)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	size_t begin = s->parts.text, end;
	const char *at;

	while ((at = memchr(line->bytes + begin, open, line->len - begin)) !=
	       NULL) {
		begin = (size_t)(at - line->bytes) + 1;
		at = memchr(line->bytes + begin, close, line->len - begin);
		if (at == NULL)
			return;
		end = (size_t)(at - line->bytes);
		if (!is_fixed(s, line, begin) &&
		    !find_again(s, begin, end, s->parts.text))
			add_failure_point(s, begin, end);
		begin = end + 1;
	}
}

static void
find_attacker(struct search *s)
{
	static const char attacker[] = "6.6.6.6";
	const struct sample_run_line *line = &s->run.lines[s->line];
	const char *at;
	size_t from = s->parts.text;

	while ((at = find(line, from, attacker, sizeof(attacker) - 1)) !=
	       NULL) {
		from = (size_t)(at - line->bytes);
		add_failure_point(s, from, from);
		from += sizeof(attacker) - 1;
		add_failure_point(s, from, from);
	}
}

/* A line that was cut is a failure by its length, which other text changes. */
static bool
was_cut(const struct search *s)
{
	const struct sample_run_line *line = &s->run.lines[s->line];
	struct logline l;

	return logline_parse(&l, line->bytes, line->len) == 0 &&
	       l.header == HEADER_SYSLOG &&
	       line_cut_fits(l.text_len, (size_t)(l.text - l.program));
}

static void
find_in_failure(struct search *s)
{
	size_t i;

	if (was_cut(s))
		return;
	for (i = 0; i < s->ncontexts; i++)
		if (!s->contexts[i].fixed)
			find_context(s, &s->contexts[i]);
	find_quoted(s, '"', '"');
	find_quoted(s, '\'', '\'');
	find_quoted(s, '`', '\'');
	find_attacker(s);
}

/* ---- all together ---- */

static void
find_in_samples(struct search *s, const struct samples *samples)
{
	const struct sample_run_line *line;
	size_t i;

	for (i = 0; i < samples->count; i++) {
		s->sample = &samples->list[i];
		sample_run_set(&s->run, s->sample);
		for (s->line = 0; s->line < s->run.nlines; s->line++) {
			line = &s->run.lines[s->line];
			if (!captures_find(&s->parts, s->recognizer,
					   line->bytes, line->len))
				continue;
			if (s->parts.rule == s->rule)
				find_in_login(s);
			else
				find_in_failure(s);
		}
	}
}

void
injection_points_find(struct injection_points *out,
		      struct recognizer *recognizer, const struct rule *rule,
		      time_t now)
{
	struct search s = {
	    .out = out, .recognizer = recognizer, .rule = rule, .now = now};

	s.accept = true;
	find_in_samples(&s, &rule->accept);
	s.accept = false;
	find_in_samples(&s, &rule->reject);
}

void
injection_points_clear(struct injection_points *points)
{
	free(points->list);
	*points = (struct injection_points){0};
}
