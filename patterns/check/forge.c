#include "patterns/check/forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "patterns/check/captures.h"
#include "patterns/check/injection_points.h"
#include "patterns/check/payload.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

struct forge {
	const struct ruleset *set;
	struct recognizer *recognizer;
	struct payload_corpus *corpus;
	struct injection_points *points; /* of each rule */
	bool *searched;			 /* whether a rule's points are known */
	uint64_t random;
	time_t now;
	struct payload payload;
	/* The line that was forged last. */
	char *line;
	size_t len;
};

/* A line with a payload in two places must not become too long. */
enum { ROOM = LINEBUF_LINE_MAX, PAYLOAD_MAX = ROOM / 2 - 1024 };

struct forge *
forge_new(const struct ruleset *set, struct recognizer *recognizer,
	  uint64_t seed, time_t now)
{
	struct forge *forge = alloc_zero(1, sizeof(*forge));

	forge->set = set;
	forge->recognizer = recognizer;
	forge->corpus = payload_corpus_new(recognizer, set);
	forge->points = alloc_zero(set->count, sizeof(*forge->points));
	forge->searched = alloc_zero(set->count, sizeof(*forge->searched));
	forge->line = alloc_resize(NULL, ROOM, 1);
	forge->random = seed;
	forge->now = now;
	return forge;
}

void
forge_free(struct forge **forgep)
{
	struct forge *forge = *forgep;
	size_t i;

	*forgep = NULL;
	if (forge == NULL)
		return;
	for (i = 0; i < forge->set->count; i++)
		injection_points_clear(&forge->points[i]);
	payload_corpus_free(&forge->corpus);
	free(forge->points);
	free(forge->searched);
	free(forge->line);
	free(forge);
}

static size_t
below(struct forge *forge, size_t n)
{
	return (size_t)random_below(&forge->random, n);
}

/* ---- the forged line ---- */

static void
add(struct forge *forge, const char *bytes, size_t len)
{
	if (len > ROOM - forge->len)
		len = ROOM - forge->len;
	memcpy(forge->line + forge->len, bytes, len);
	forge->len += len;
}

/* Puts the forged line in the place of the sample's. */
static void
take_line(const struct forge *forge, struct forgery *f)
{
	f->run.lines[f->line].bytes = forge->line;
	f->run.lines[f->line].len = forge->len;
}

static void
start(struct forge *forge, struct forgery *f, const struct rule *rule,
      const struct sample *sample, size_t line)
{
	*f = (struct forgery){.rule = rule, .sample = sample, .line = line};
	sample_run_set(&f->run, sample);
	forge->len = 0;
}

/* Allows what the other lines of a sample give without the forged one, which
 * may have been the end of a session and no longer be one. */
static void
allow_others(struct forge *forge, struct forgery *f)
{
	struct sample_run others = f->run;

	if (others.nlines == 1)
		return;
	others.lines[f->line].len = 0;
	sample_run_collect(&others, forge->recognizer, forge->now, &f->allowed);
}

/* ---- a payload at an injection point ---- */

/* Which bytes of the point are replaced: all; or none, the payload going
 * before, after or between them. */
static void
choose_bytes(struct forge *forge, const struct injection_point *p,
	     size_t *begin, size_t *end)
{
	*begin = p->begin;
	*end = p->end;
	switch (below(forge, 5)) {
	case 0:
		*end = *begin;
		return;
	case 1:
		*begin = *end;
		return;
	case 2:
		*begin += below(forge, p->end - p->begin + 1);
		*end = *begin;
		return;
	default:
		return;
	}
}

/* Whether a forged line may end at the point. A login that can end where a
 * stranger wants cannot be told from a genuine one. */
static bool
may_end_here(struct forge *forge, struct injection_point *p,
	     const struct sample_run_line *line)
{
	if (!p->asked)
		p->may_end =
		    !p->accept &&
		    !payload_corpus_complete(forge->corpus, forge->recognizer,
					     line->bytes, p->begin, forge->now);
	p->asked = true;
	return p->may_end;
}

static void
write_payload(struct forge *forge, struct forgery *f, struct injection_point *p)
{
	const struct sample_run_line line = f->run.lines[p->line];
	size_t begin, end;

	choose_bytes(forge, p, &begin, &end);
	add(forge, line.bytes, begin);
	f->begin = forge->len;
	add(forge, forge->payload.bytes, forge->payload.len);
	f->end = forge->len;
	if (p->again) {
		begin += p->begin2 - p->begin;
		add(forge, line.bytes + end, begin - end);
		add(forge, forge->payload.bytes, forge->payload.len);
		end += p->begin2 - p->begin;
	}
	/* A syslogd cuts off the rest if the text is long enough. */
	if (!may_end_here(forge, p, &line) || below(forge, 6) != 0)
		add(forge, line.bytes + end, line.len - end);
	take_line(forge, f);
}

/*
 * A newline that the server lets pass makes two lines of one. This is not tried
 * if the second has a header, as nobody can tell it from a line of the server.
 */
static void
break_line(struct forge *forge, struct forgery *f)
{
	struct sample_run *t = &f->run;
	struct sample_run_line *first = &t->lines[f->line], *rest = first + 1;
	const char *newline = memchr(first->bytes, '\n', first->len);
	struct captures parts;
	struct sample_run_line after;

	if (newline == NULL || t->nlines == SAMPLE_RUN_LINES)
		return;
	after.bytes = newline + 1;
	after.len = (size_t)(first->bytes + first->len - after.bytes);
	if (memchr(after.bytes, '\n', after.len) != NULL ||
	    captures_find(&parts, forge->recognizer, after.bytes, after.len))
		return;
	memmove(rest + 1, rest, (t->nlines - f->line - 1) * sizeof(*rest));
	*rest = after;
	first->len = (size_t)(newline - first->bytes);
	if (f->end > first->len)
		f->end = first->len;
	t->nlines++;
}

static void
forge_point(struct forge *forge, size_t rule, struct forgery *f)
{
	const struct injection_points *points = &forge->points[rule];
	struct injection_point *p = &points->list[below(forge, points->count)];
	struct sample_run_line line;

	start(forge, f, &forge->set->list[rule], p->sample, p->line);
	line = f->run.lines[p->line];
	f->allowed = p->allowed;
	allow_others(forge, f);
	f->what = payload_draw(&forge->payload, forge->corpus, &forge->random,
			       p, line.bytes, line.len, rule, PAYLOAD_MAX);
	write_payload(forge, f, p);
	if (below(forge, 2) == 0 && may_end_here(forge, p, &line))
		break_line(forge, f);
}

/* ---- torn lines ---- */

static void
allow(struct forgery *f, const char *text)
{
	struct sample_run_addrs *a = &f->allowed;

	if (a->count < SAMPLE_RUN_ADDRS &&
	    addr_parse(&a->list[a->count], text, strlen(text)) == 0)
		a->count++;
}

/* A line, whole or cut somewhere after its header, that continues with a whole
 * login. That is a genuine login, so its address is allowed. */
static void
glue(struct forge *forge, size_t rule, struct forgery *f)
{
	const struct sample_run_line line = f->run.lines[f->line];
	struct captures parts;
	size_t cut = line.len;

	if (!captures_find(&parts, forge->recognizer, line.bytes, line.len))
		return;
	/* With nothing before it, the login would be a line of its own. */
	if (below(forge, 4) != 0)
		cut = parts.text + below(forge, line.len - parts.text + 1);
	if (cut == 0)
		cut = 1;
	add(forge, line.bytes, cut);
	f->begin = forge->len;
	f->torn = true;
	allow(f, payload_corpus_draw_line(&forge->payload, forge->corpus,
					  &forge->random, rule));
	add(forge, forge->payload.bytes, forge->payload.len);
	f->end = forge->len;
	take_line(forge, f);
}

/* Adds what a log relay may add before or after a line. */
static void
decorate(struct forge *forge, struct forgery *f)
{
	static const char *const decorations[] = {
	    " ",
	    "\t",
	    "\r",
	    "  ",
	    "#012",
	    "\xef\xbb\xbf",
	    "<22>",
	    "x",
	    "[",
	    "]",
	    "message repeated 2 times: [ ",
	    "...",
	    "\\n"};
	const struct sample_run_line line = f->run.lines[f->line];
	const char *text = decorations[below(
	    forge, sizeof(decorations) / sizeof(decorations[0]))];
	struct captures parts;
	size_t at[3] = {0, 0, line.len}, where;

	captures_find(&parts, forge->recognizer, line.bytes, line.len);
	at[1] = parts.text;
	where = at[below(forge, 3)];
	add(forge, line.bytes, where);
	f->begin = forge->len;
	add(forge, text, strlen(text));
	f->end = forge->len;
	add(forge, line.bytes + where, line.len - where);
	take_line(forge, f);
}

static void
forge_line(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	size_t n = below(forge, rule->accept.count + rule->reject.count);
	const struct sample *sample =
	    n < rule->accept.count ? &rule->accept.list[n]
				   : &rule->reject.list[n - rule->accept.count];
	struct sample_run run;

	sample_run_set(&run, sample);
	start(forge, f, rule, sample, below(forge, run.nlines));
	sample_run_collect(&run, forge->recognizer, forge->now, &f->allowed);
	allow_others(forge, f);
	if (below(forge, 3) == 0) {
		f->what = "extra text";
		decorate(forge, f);
	} else {
		f->what = "a torn line and a success";
		glue(forge, number, f);
	}
}

/* ---- forgeries ---- */

bool
forge_make(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	struct injection_points *points = &forge->points[number];

	if (rule->accept.count == 0 || payload_corpus_count(forge->corpus) == 0)
		return false;
	if (!forge->searched[number])
		injection_points_find(points, forge->recognizer, rule,
				      forge->now);
	forge->searched[number] = true;
	if (points->count > 0 && below(forge, 8) != 0)
		forge_point(forge, number, f);
	else
		forge_line(forge, number, f);
	return true;
}

/* Whether a cut line is the beginning of a login. If so, nobody can tell that
 * its end belongs to another one. */
static bool
may_go_on(struct forge *forge, const struct forgery *f)
{
	return payload_corpus_complete(forge->corpus, forge->recognizer,
				       f->run.lines[f->line].bytes, f->begin,
				       forge->now);
}

bool
forge_fools(struct forge *forge, const struct forgery *f, struct addr *granted)
{
	struct sample_run_addrs got = {0};
	const struct addr *wrong;

	sample_run_collect(&f->run, forge->recognizer, forge->now, &got);
	wrong = sample_run_beyond(&got, &f->allowed);
	if (wrong == NULL || (f->torn && may_go_on(forge, f)))
		return false;
	*granted = *wrong;
	return true;
}

/* Removes n bytes. false: the line then fools no rule, and is restored. */
static bool
try_without(struct forge *forge, struct forgery *f, size_t at, size_t n)
{
	struct sample_run_line *line = &f->run.lines[f->line];
	char *bytes = forge->line + (line->bytes - forge->line);
	char *gone = (char *)alloc_bytes(bytes + at, n);
	struct addr granted;
	bool fools;

	memmove(bytes + at, bytes + at + n, line->len - at - n);
	line->len -= n;
	fools = forge_fools(forge, f, &granted);
	if (fools) {
		f->end -= n;
	} else {
		memmove(bytes + at + n, bytes + at, line->len - at);
		memcpy(bytes + at, gone, n);
		line->len += n;
	}
	free(gone);
	return fools;
}

void
forge_shorten(struct forge *forge, struct forgery *f)
{
	size_t n, at;

	for (n = (f->end - f->begin + 1) / 2; n > 0; n /= 2)
		for (at = f->begin; at + n <= f->end;)
			if (!try_without(forge, f, at, n))
				at += n;
}
