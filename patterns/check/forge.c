#include "patterns/check/forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/check/forge_state.h"
#include "patterns/check/wrapping.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

struct forge *
forge_new(const struct ruleset *set, struct recognizer *recognizer,
	  uint64_t seed, time_t now)
{
	struct forge *forge = alloc_zero(1, sizeof(*forge));

	forge->set = set;
	forge->recognizer = recognizer;
	forge->corpus = payload_corpus_new(recognizer, set);
	forge->wrapper = wrapper_new();
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
	wrapper_free(&forge->wrapper);
	free(forge->points);
	free(forge->searched);
	free(forge->line);
	free(forge);
}

/* ---- forgeries ---- */

static const struct {
	forge_fn *make;
	unsigned int weight;
} kinds[] = {
    {forge_point, 66}, {forge_decorated, 4}, {forge_glued, 6},
    {forge_torn, 6},   {forge_cut, 6},	     {forge_copied, 4},
    {forge_broken, 4}, {forge_clipped, 4},
};

static void
draw_kind(struct forge *forge, size_t number, struct forgery *f)
{
	size_t drawn = forge_below(forge, 100), i = 0;

	while (drawn >= kinds[i].weight)
		drawn -= kinds[i++].weight;
	if (!kinds[i].make(forge, number, f) && !forge_point(forge, number, f))
		forge_decorated(forge, number, f);
}

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
	draw_kind(forge, number, f);
	wrapping_draw(&f->wrapping, &forge->random);
	f->header = wrapping_header(&f->wrapping);
	f->envelope = wrapping_envelope(&f->wrapping);
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

	wrapping_collect(forge->wrapper, &f->wrapping, &f->run,
			 forge->recognizer, forge->now, &got);
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
