#include "patterns/check/forge_state.h"

#include <string.h>

#include "patterns/check/captures.h"
#include "patterns/check/forge.h"
#include "patterns/match/rules.h"

size_t
forge_below(struct forge *forge, size_t n)
{
	return (size_t)random_below(&forge->random, n);
}

/* ---- the forged line ---- */

void
forge_add(struct forge *forge, const char *bytes, size_t len)
{
	if (len > ROOM - forge->len)
		len = ROOM - forge->len;
	memcpy(forge->line + forge->len, bytes, len);
	forge->len += len;
}

void
forge_add_filler(struct forge *forge, size_t len)
{
	if (len > ROOM - forge->len)
		len = ROOM - forge->len;
	memset(forge->line + forge->len, 'x', len);
	forge->len += len;
}

void
forge_take_line(const struct forge *forge, struct forgery *f)
{
	f->run.lines[f->line].bytes = forge->line;
	f->run.lines[f->line].len = forge->len;
}

void
forge_start(struct forge *forge, struct forgery *f, const struct rule *rule,
	    const struct sample *sample, size_t line)
{
	*f = (struct forgery){.rule = rule, .sample = sample, .line = line};
	sample_run_set(&f->run, sample);
	forge->len = 0;
}

void
forge_allow_others(struct forge *forge, struct forgery *f)
{
	struct sample_run others = f->run;

	if (others.nlines == 1)
		return;
	others.lines[f->line].len = 0;
	sample_run_collect(&others, forge->recognizer, forge->now, &f->allowed);
}

void
forge_allow_sample(struct forge *forge, struct forgery *f,
		   const struct sample *sample)
{
	struct sample_run run;

	sample_run_set(&run, sample);
	sample_run_collect(&run, forge->recognizer, forge->now, &f->allowed);
}

/* ---- what the samples have ---- */

struct injection_point *
forge_draw_failure(struct forge *forge, size_t rule)
{
	const struct injection_points *points = &forge->points[rule];
	size_t i, n = 0;

	for (i = 0; i < points->count; i++)
		n += !points->list[i].accept;
	if (n == 0)
		return NULL;
	n = forge_below(forge, n);
	for (i = 0; points->list[i].accept || n-- > 0; i++)
		;
	return &points->list[i];
}

const char *
forge_draw_login(struct forge *forge, size_t number, struct captures *parts)
{
	const struct rule *rule = &forge->set->list[number];
	const struct sample *sample =
	    &rule->accept.list[forge_below(forge, rule->accept.count)];
	const char *line = sample->lines[forge_below(forge, sample->nlines)];

	if (!captures_find(parts, forge->recognizer, line, strlen(line)) ||
	    parts->rule != rule)
		return NULL;
	return line;
}

bool
forge_completes(struct forge *forge, struct injection_point *p)
{
	struct sample_run run;

	if (!p->asked) {
		sample_run_set(&run, p->sample);
		p->completes = payload_corpus_complete(
		    forge->corpus, forge->recognizer, run.lines[p->line].bytes,
		    p->begin, forge->now);
	}
	p->asked = true;
	return p->completes;
}
