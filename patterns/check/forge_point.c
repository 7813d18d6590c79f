/* Forgeries with a payload at an injection point. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/check/captures.h"
#include "patterns/check/forge.h"
#include "patterns/check/forge_state.h"
#include "patterns/check/payload.h"
#include "patterns/match/rules.h"

/* Which bytes of the point are replaced: all; or none, the payload going
 * before, after or between them. */
static void
choose_bytes(struct forge *forge, const struct injection_point *p,
	     size_t *begin, size_t *end)
{
	*begin = p->begin;
	*end = p->end;
	switch (forge_below(forge, 5)) {
	case 0:
		*end = *begin;
		return;
	case 1:
		*begin = *end;
		return;
	case 2:
		*begin += forge_below(forge, p->end - p->begin + 1);
		*end = *begin;
		return;
	default:
		return;
	}
}

/* Whether a forged line may end at the point. A login that can end where a
 * stranger wants cannot be told from a genuine one, unless the rule looks at
 * its length: see forge_cut(). */
static bool
may_end_here(struct forge *forge, struct injection_point *p)
{
	return !p->accept && !forge_completes(forge, p);
}

static void
write_payload(struct forge *forge, struct forgery *f, struct injection_point *p)
{
	const struct sample_run_line line = f->run.lines[p->line];
	size_t begin, end;

	choose_bytes(forge, p, &begin, &end);
	forge_add(forge, line.bytes, begin);
	f->begin = forge->len;
	forge_add(forge, forge->payload.bytes, forge->payload.len);
	f->end = forge->len;
	if (p->again) {
		begin += p->begin2 - p->begin;
		forge_add(forge, line.bytes + end, begin - end);
		forge_add(forge, forge->payload.bytes, forge->payload.len);
		end += p->begin2 - p->begin;
	}
	/* A syslogd cuts off the rest if the text is long enough. */
	if (!may_end_here(forge, p) || forge_below(forge, 6) != 0)
		forge_add(forge, line.bytes + end, line.len - end);
	forge_take_line(forge, f);
}

/* Whether the line would have a header if an envelope gave it a stamp. */
static bool
lacks_a_stamp(struct forge *forge, const struct sample_run_line *line)
{
	static const char stamp[] = "2026-11-21T02:01:00Z ";
	const size_t before = sizeof(stamp) - 1;
	char *stamped = alloc_zero(before + line->len, 1);
	struct captures parts;
	bool found;

	memcpy(stamped, stamp, before);
	memcpy(stamped + before, line->bytes, line->len);
	found = captures_find(&parts, forge->recognizer, stamped,
			      before + line->len);
	free(stamped);
	return found;
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
	f->wrapping.stampless = lacks_a_stamp(forge, &after);
	memmove(rest + 1, rest, (t->nlines - f->line - 1) * sizeof(*rest));
	*rest = after;
	first->len = (size_t)(newline - first->bytes);
	if (f->end > first->len)
		f->end = first->len;
	t->nlines++;
}

void
forge_write_point(struct forge *forge, size_t rule, struct injection_point *p,
		  struct forgery *f)
{
	const struct sample_run_line *line;

	forge_start(forge, f, &forge->set->list[rule], p->sample, p->line);
	line = &f->run.lines[p->line];
	f->allowed = p->allowed;
	forge_allow_others(forge, f);
	f->what = payload_draw(&forge->payload, forge->corpus, &forge->random,
			       p, line->bytes, line->len, rule, PAYLOAD_MAX);
	write_payload(forge, f, p);
}

bool
forge_point(struct forge *forge, size_t rule, struct forgery *f)
{
	const struct injection_points *points = &forge->points[rule];
	struct injection_point *p;

	if (points->count == 0)
		return false;
	p = &points->list[forge_below(forge, points->count)];
	forge_write_point(forge, rule, p, f);
	if (forge_below(forge, 2) == 0 && may_end_here(forge, p))
		break_line(forge, f);
	return true;
}
