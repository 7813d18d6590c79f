#include "patterns/match/recognizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/swar.h"
#include "patterns/match/correlate.h"
#include "patterns/match/skim.h"

/* What the logout rules of a server capture. WITHOUT_ADDRESS: one of them
 * captures the session, but not the address. */
enum { BY_ADDRESS = 1, BY_SESSION = 2, WITHOUT_ADDRESS = 4 };

struct recognizer {
	const struct ruleset *set;
	unsigned char *ends; /* of each rule: what its server's logouts name */
	struct matcher *matcher;
	struct correlate *correlate;
	struct stampclock clock;
	struct linestart start;
	struct skim *skim;
	struct multiline multiline; /* of recognize() */
};

static void
note_logout(struct recognizer *r, const struct rule *logout)
{
	const struct ruleset *set = r->set;
	unsigned char bits = 0;
	size_t i;

	if (matcher_names(r->matcher, logout, RULE_LOGOUT, "ip"))
		bits |= BY_ADDRESS;
	if (matcher_names(r->matcher, logout, RULE_LOGOUT, "session"))
		bits |= bits ? BY_SESSION : BY_SESSION | WITHOUT_ADDRESS;
	/* It has neither if logouts were not chosen. */
	for (i = 0; bits != 0 && i < set->count; i++)
		if (strcmp(set->list[i].server, logout->server) == 0)
			r->ends[i] |= bits;
}

static void
note_logouts(struct recognizer *r, const struct ruleset *set)
{
	size_t i;

	r->set = set;
	r->ends = alloc_zero(set->count, sizeof(*r->ends));
	for (i = 0; i < set->count; i++)
		if (set->list[i].logout != NULL)
			note_logout(r, &set->list[i]);
}

enum naming
recognizer_naming(const struct recognizer *r, const struct match *match)
{
	unsigned char bits = r->ends[match->rule - r->set->list];

	if (match->session == NULL)
		return bits & BY_ADDRESS ? NAMED_BY_ADDRESS : NAMED_NOT;
	if (!(bits & BY_SESSION))
		return NAMED_NOT;
	return bits & WITHOUT_ADDRESS ? NAMED_BY_SESSION : NAMED_BY_BOTH;
}

struct recognizer *
recognizer_new(const struct ruleset *set, const struct rule_choice *choice,
	       struct err *err)
{
	struct recognizer *r = alloc_zero(1, sizeof(*r));

	r->correlate = correlate_new(CORRELATE_MAX);
	r->skim = skim_new(&r->start);
	r->matcher = matcher_new(set, choice, err);
	if (r->matcher == NULL) {
		recognizer_free(&r);
		return NULL;
	}
	note_logouts(r, set);
	return r;
}

struct recognizer *
recognizer_clone(const struct recognizer *r)
{
	struct recognizer *clone = alloc_zero(1, sizeof(*clone));

	clone->matcher = matcher_clone(r->matcher);
	clone->skim = skim_new(&clone->start);
	return clone;
}

void
recognizer_free(struct recognizer **rp)
{
	struct recognizer *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	matcher_free(&r->matcher);
	skim_free(&r->skim);
	correlate_free(&r->correlate);
	free(r->ends);
	free(r);
}

void
recognizer_forget(struct recognizer *r)
{
	correlate_clear(r->correlate);
	r->multiline = (struct multiline){0};
}

void
recognizer_carry(struct recognizer *r, const struct recognizer *from)
{
	correlate_carry(r->correlate, from->correlate, r->set);
}

int
recognizer_time(struct recognizer *r, const struct logline *line, time_t now,
		time_t *when)
{
	return logline_time(line, &r->clock, now, when);
}

struct matcher *
recognizer_matcher(struct recognizer *r)
{
	return r->matcher;
}

/* A line needs a valid time to be joined with another. */
static enum finding
join_part(struct recognizer *r, struct found *found, struct err *err)
{
	if (!found->dated) {
		found->match.doubt = DOUBT_TIME;
		err_set(err, "%s", logline_undated(&found->line));
		return FOUND_DOUBTFUL;
	}
	switch (correlate_join(r->correlate, &found->line, &found->match,
			       found->when, err)) {
	case 1:
		return FOUND_LOGIN;
	case 0:
		return FOUND_PART;
	default:
		found->match.doubt = DOUBT_PAIR;
		return FOUND_DOUBTFUL;
	}
}

/* Syslog daemons and servers write messages of at most so many bytes. */
enum { MESSAGE_BYTES_MAX = 64 * 1024 };

static enum finding
begin_multiline(struct multiline *m, struct found *found, struct err *err)
{
	found->match.doubt = DOUBT_MULTILINE;
	m->until = m->at + MESSAGE_BYTES_MAX;
	err_set(err,
		"rule %s: this message may have a newline in it, and go on for "
		"64 KiB, in which nothing counts",
		found->match.rule->name);
	return FOUND_MULTILINE;
}

enum finding
recognize_rest(struct recognizer *r, struct multiline *m, enum finding finding,
	       struct found *found, struct err *err)
{
	switch (finding) {
	case FOUND_MULTILINE:
		return begin_multiline(m, found, err);
	case FOUND_LOGIN:
	case FOUND_LOGOUT:
	case FOUND_PART:
		if (m->at >= m->until)
			break;
		found->match.doubt = DOUBT_MULTILINE;
		err_set(err, "it may be part of a message before it, which may "
			     "have newlines in it");
		return FOUND_DOUBTFUL;
	default:
		return finding;
	}
	return finding == FOUND_PART ? join_part(r, found, err) : finding;
}

/* ---- programs ---- */

bool
recognizer_ignores(const struct recognizer *r, const char *tag, size_t len)
{
	static const char before[] = "2026-11-21T02:01:00Z mail ", after[] = ": ";
	char line[128];
	struct logline l;
	size_t at = strlen(before);

	if (at + len + strlen(after) > sizeof(line))
		return false;
	memcpy(line, before, at);
	memcpy(line + at, tag, len);
	memcpy(line + at + len, after, strlen(after));
	return logline_parse(&l, line, at + len + strlen(after)) == 0 &&
	       l.header == HEADER_SYSLOG && l.program == line + at &&
	       l.program_len == len &&
	       !logline_tag_may_reread(l.program, len) &&
	       matcher_program(r->matcher, &l) == NULL;
}

/* ---- one line ---- */

/* A word in the tag's place is the tag only if it names a program. */
static bool
take_bare(struct recognizer *r, struct logline *l, const char *line, size_t len)
{
	return logline_bare(l, line, len) == 0 &&
	       matcher_program(r->matcher, l) != NULL;
}

static int
match_again(struct recognizer *r, struct found *found, struct err *err)
{
	struct logline again = found->line;
	int fits = 0;

	if (logline_reread(&again))
		fits = matcher_match(r->matcher, &again, &found->match, err);
	if (fits != 0)
		found->line = again;
	return fits;
}

/* Copies a line without the zones of link-local addresses, "%eth0" in
 * "fe80::1%eth0". NULL: it has none. */
static char *
without_zones(const char *line, size_t len)
{
	static const char digits[] = "0123456789abcdefABCDEF:.";
	char *copy = alloc_bytes(line, len), *from = copy, *zone;

	while ((from = strcasestr(from, "fe80:")) != NULL) {
		zone = from + strspn(from, digits);
		from = zone + (*zone == '%');
		from += *zone == '%' ? strcspn(from, " ,;:>)]}\"'\t") : 0;
		memmove(zone, from, strlen(from) + 1);
		from = zone;
	}
	if (strlen(copy) < len)
		return copy;
	free(copy);
	return NULL;
}

/*
 * Whether a line that fits no rule would be a login if its address had no zone.
 * Rules match no zone, because no address with one is ever granted: it is
 * link-local, and known to one network only.
 */
static bool
has_zone(struct recognizer *r, const char *line, size_t len, struct err *err)
{
	struct logline bare;
	struct match match;
	char text[ADDR_TEXT_MAX], *copy;
	bool fits;

	if (memchr(line, '%', len) == NULL || memchr(line, '\0', len) != NULL)
		return false;
	copy = without_zones(line, len);
	fits = copy != NULL && logline_parse(&bare, copy, strlen(copy)) == 0 &&
	       matcher_match(r->matcher, &bare, &match, err) == 1 &&
	       match.role == RULE_MATCH && addr_is_special(&match.addr);
	if (fits) {
		addr_format(&match.addr, text);
		err_set(err, "rule %s: refused %s: a link-local address",
			match.rule->name, text);
	}
	free(copy);
	return fits;
}

/* As matcher_match(). */
static int
match(struct recognizer *r, struct found *found, struct err *err)
{
	const struct program *program =
	    matcher_program(r->matcher, &found->line);

	int fits = 0;

	if (program != NULL)
		fits = matcher_match_program(r->matcher, program, &found->line,
					     &found->match, err);
	skim_learn(r->skim, &found->line, program);
	return fits;
}

/* What a line is, if it fits a rule, or none. */
static enum finding
conclude(struct recognizer *r, int fits, time_t now, struct found *found,
	 struct err *err)
{
	if (fits == 0 &&
	    !has_zone(r, found->line.line, found->line.line_len, err))
		return FOUND_NOTHING;
	if (fits == 0)
		found->match.doubt = DOUBT_ADDRESS;
	if (fits <= 0)
		return FOUND_DOUBTFUL;
	if (found->match.role == RULE_MULTILINE)
		return FOUND_MULTILINE;
	if (logline_is_torn(&found->line)) {
		found->match.doubt = DOUBT_CUT;
		err_set(err, "another line begins inside this one");
		return FOUND_DOUBTFUL;
	}
	found->dated = recognizer_time(r, &found->line, now, &found->when) == 0;
	found->repeated = r->clock.repeated;
	switch (found->match.role) {
	case RULE_MATCH:
		return FOUND_LOGIN;
	case RULE_LOGOUT:
		return FOUND_LOGOUT;
	default:
		return FOUND_PART;
	}
}

/* What comes after NULs would be this if it were a whole line. */
static enum finding
recognize_after_nuls(struct recognizer *r, const char *line, size_t len,
		     time_t now, struct found *found, struct err *err)
{
	enum finding finding;

	for (; linebuf_is_rest(line, len); len--)
		line++;
	finding = recognize_alone(r, line, len, now, found, err);
	switch (finding) {
	case FOUND_LOGIN:
	case FOUND_LOGOUT:
	case FOUND_PART:
		found->match.doubt = DOUBT_CUT;
		err_set(err, "its beginning may be lost: NULs are before it");
		return FOUND_DOUBTFUL;
	default:
		return finding;
	}
}

enum finding
recognize_alone(struct recognizer *r, const char *line, size_t len, time_t now,
		struct found *found, struct err *err)
{
	int fits;

	if (linebuf_is_rest(line, len))
		return recognize_after_nuls(r, line, len, now, found, err);
	if (logline_next(&found->line, &r->start, line, len) != 0 &&
	    !take_bare(r, &found->line, line, len))
		return FOUND_HEADERLESS;
	fits = match(r, found, err);
	if (fits == 0 && logline_may_reread(&found->line))
		fits = match_again(r, found, err);
	return conclude(r, fits, now, found, err);
}

static enum finding
recognize_skimmed(struct recognizer *r, const struct skimmed *s, time_t now,
		  struct found *found, struct err *err)
{
	int fits;

	if (s->rules == NULL)
		return recognize_alone(r, s->line, s->len, now, found, err);
	peek_take(&found->line, &r->start, &s->peek, s->line, s->len);
	fits = matcher_match_candidates(r->matcher, s->rules, s->candidates,
					&found->line, &found->match, err);
	return conclude(r, fits, now, found, err);
}

void
recognizer_take(struct recognizer *r, const char *lines, size_t len)
{
	skim_begin(r->skim, lines, len);
}

enum finding
recognize_next(struct recognizer *r, time_t now, uint64_t *read,
	       struct found *found, struct err *err)
{
	const struct skimmed *s;
	enum finding finding;

	while ((s = skim_next(r->skim, read)) != NULL) {
		finding = recognize_skimmed(r, s, now, found, err);
		if (finding == FOUND_NOTHING)
			continue;
		found->line.line = s->line;
		found->line.line_len = s->len;
		return finding;
	}
	return FOUND_NOTHING;
}

int
recognizer_read(struct recognizer *r, const char *line, size_t len,
		struct logline *out)
{
	struct found found;
	struct err err;

	if (recognize_alone(r, line, len, 0, &found, &err) == FOUND_HEADERLESS)
		return -1;
	*out = found.line;
	return 0;
}

enum finding
recognize(struct recognizer *r, const char *line, size_t len, time_t now,
	  struct found *found, struct err *err)
{
	enum finding finding = recognize_alone(r, line, len, now, found, err);

	finding = recognize_rest(r, &r->multiline, finding, found, err);
	r->multiline.at += len + 1;
	return finding;
}
