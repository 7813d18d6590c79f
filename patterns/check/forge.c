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
	struct payload_corpus *payloads;
	struct injection_points *places; /* of each rule */
	bool *looked;	       /* whether they are known */
	uint64_t random;
	time_t now;
	struct payload payload;
	/* The line that was forged last, and what is behind a newline in it. */
	char *line;
	size_t len;
};

/* Twice in one line what fits into half a line: none becomes too long. */
enum { ROOM = LINEBUF_LINE_MAX, PAYLOAD_MAX = ROOM / 2 - 1024 };

struct forge *
forge_new(const struct ruleset *set, struct recognizer *recognizer,
	  uint64_t seed, time_t now)
{
	struct forge *forge = alloc_zero(1, sizeof(*forge));

	forge->set = set;
	forge->recognizer = recognizer;
	forge->payloads = payload_corpus_new(recognizer, set);
	forge->places = alloc_zero(set->count, sizeof(*forge->places));
	forge->looked = alloc_zero(set->count, sizeof(*forge->looked));
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
		injection_points_clear(&forge->places[i]);
	payload_corpus_free(&forge->payloads);
	free(forge->places);
	free(forge->looked);
	free(forge->line);
	free(forge);
}

static size_t
below(struct forge *forge, size_t n)
{
	return (size_t)random_below(&forge->random, n);
}

/* ---- the line under the hammer ---- */

static void
add(struct forge *forge, const char *bytes, size_t len)
{
	if (len > ROOM - forge->len)
		len = ROOM - forge->len;
	memcpy(forge->line + forge->len, bytes, len);
	forge->len += len;
}

/* The line counts with what has been added to it. */
static void
take_line(const struct forge *forge, struct forgery *f)
{
	f->trial.lines[f->line].bytes = forge->line;
	f->trial.lines[f->line].len = forge->len;
}

static void
start(struct forge *forge, struct forgery *f, const struct rule *rule,
      const struct sample *sample, size_t line)
{
	*f = (struct forgery){.rule = rule, .sample = sample, .line = line};
	sample_run_of(&f->trial, sample);
	forge->len = 0;
}

/* What the other lines of a sample say for themselves: a line that ends a
 * session may be one no longer. */
static void
allow_others(struct forge *forge, struct forgery *f)
{
	struct sample_run others = f->trial;

	if (others.nlines == 1)
		return;
	others.lines[f->line].len = 0;
	sample_run_run(&others, forge->recognizer, forge->now, &f->allowed);
}

/* ---- written into a place ---- */

/* Which bytes of the place are written over: all, none (before, behind,
 * amid). */
static void
choose_bytes(struct forge *forge, const struct injection_point *p, size_t *begin,
	     size_t *end)
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

/* A login that ends where its user, or whoever else wrote there, wanted is one
 * that nobody can tell from another. */
static bool
may_end_here(struct forge *forge, struct injection_point *p,
	     const struct sample_run_line *line)
{
	if (!p->asked)
		p->may_end =
		    !p->accept &&
		    !payload_corpus_complete(forge->payloads, forge->recognizer,
				       line->bytes, p->begin, forge->now);
	p->asked = true;
	return p->may_end;
}

static void
write_place(struct forge *forge, struct forgery *f, struct injection_point *p)
{
	const struct sample_run_line line = f->trial.lines[p->line];
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
	/* What is long enough makes syslogds cut off the rest. */
	if (!may_end_here(forge, p, &line) || below(forge, 6) != 0)
		add(forge, line.bytes + end, line.len - end);
	take_line(forge, f);
}

/*
 * A newline that the server lets pass makes two lines of one, unless the
 * second has a header: that nobody can tell from a line of the server's.
 */
static void
break_line(struct forge *forge, struct forgery *f)
{
	struct sample_run *t = &f->trial;
	struct sample_run_line *first = &t->lines[f->line], *rest = first + 1;
	const char *newline = memchr(first->bytes, '\n', first->len);
	struct captures parts;
	struct sample_run_line behind;

	if (newline == NULL || t->nlines == SAMPLE_RUN_LINES)
		return;
	behind.bytes = newline + 1;
	behind.len = (size_t)(first->bytes + first->len - behind.bytes);
	if (memchr(behind.bytes, '\n', behind.len) != NULL ||
	    captures_take(&parts, forge->recognizer, behind.bytes, behind.len))
		return;
	memmove(rest + 1, rest, (t->nlines - f->line - 1) * sizeof(*rest));
	*rest = behind;
	first->len = (size_t)(newline - first->bytes);
	if (f->end > first->len)
		f->end = first->len;
	t->nlines++;
}

static void
forge_place(struct forge *forge, size_t rule, struct forgery *f)
{
	const struct injection_points *places = &forge->places[rule];
	struct injection_point *p = &places->list[below(forge, places->count)];
	struct sample_run_line line;

	start(forge, f, &forge->set->list[rule], p->sample, p->line);
	line = f->trial.lines[p->line];
	f->allowed = p->allowed;
	allow_others(forge, f);
	f->what = payload_draw(&forge->payload, forge->payloads, &forge->random,
			       p, line.bytes, line.len, rule, PAYLOAD_MAX);
	write_place(forge, f, p);
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

/* A line, cut somewhere behind its header or not at all, that runs on with a
 * whole success. That is somebody's login, whose address may come out. */
static void
glue(struct forge *forge, size_t rule, struct forgery *f)
{
	const struct sample_run_line line = f->trial.lines[f->line];
	struct captures parts;
	size_t cut = line.len;

	if (!captures_take(&parts, forge->recognizer, line.bytes, line.len))
		return;
	/* Before the first byte there is nothing: a line of its own. */
	if (below(forge, 4) != 0)
		cut = parts.text + below(forge, line.len - parts.text + 1);
	if (cut == 0)
		cut = 1;
	add(forge, line.bytes, cut);
	f->begin = forge->len;
	f->torn = true;
	allow(f, payload_corpus_draw_line(&forge->payload, forge->payloads,
				   &forge->random, rule));
	add(forge, forge->payload.bytes, forge->payload.len);
	f->end = forge->len;
	take_line(forge, f);
}

/* What a relay of logs may put before or behind a line. */
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
	const struct sample_run_line line = f->trial.lines[f->line];
	const char *text = decorations[below(
	    forge, sizeof(decorations) / sizeof(decorations[0]))];
	struct captures parts;
	size_t at[3] = {0, 0, line.len}, where;

	captures_take(&parts, forge->recognizer, line.bytes, line.len);
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
	struct sample_run trial;

	sample_run_of(&trial, sample);
	start(forge, f, rule, sample, below(forge, trial.nlines));
	sample_run_run(&trial, forge->recognizer, forge->now, &f->allowed);
	allow_others(forge, f);
	if (below(forge, 3) == 0) {
		f->what = "something put before or behind";
		decorate(forge, f);
	} else {
		f->what = "a torn line and a success";
		glue(forge, number, f);
	}
}

/* ---- all together ---- */

bool
forge_make(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	struct injection_points *places = &forge->places[number];

	if (rule->accept.count == 0 || payload_corpus_count(forge->payloads) == 0)
		return false;
	if (!forge->looked[number])
		injection_points_find(places, forge->recognizer, rule, forge->now);
	forge->looked[number] = true;
	if (places->count > 0 && below(forge, 8) != 0)
		forge_place(forge, number, f);
	else
		forge_line(forge, number, f);
	return true;
}

/* A torn line that is how a login begins: nobody can tell whose end it got. */
static bool
may_go_on(struct forge *forge, const struct forgery *f)
{
	return payload_corpus_complete(forge->payloads, forge->recognizer,
				 f->trial.lines[f->line].bytes, f->begin,
				 forge->now);
}

bool
forge_fools(struct forge *forge, const struct forgery *f, struct addr *granted)
{
	struct sample_run_addrs got = {0};
	const struct addr *wrong;

	sample_run_run(&f->trial, forge->recognizer, forge->now, &got);
	wrong = sample_run_beyond(&got, &f->allowed);
	if (wrong == NULL || (f->torn && may_go_on(forge, f)))
		return false;
	*granted = *wrong;
	return true;
}

/* Without n bytes at `at`: true, or the line is as it was. */
static bool
try_without(struct forge *forge, struct forgery *f, size_t at, size_t n)
{
	struct sample_run_line *line = &f->trial.lines[f->line];
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
