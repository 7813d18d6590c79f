/* Forgeries in which a limit, or a stranger's newline, cuts what was written:
 * a line, one of two copies of a name, or a message. */
#include <string.h>

#include "patterns/check/captures.h"
#include "patterns/check/forge.h"
#include "patterns/check/forge_state.h"
#include "patterns/check/imitation.h"
#include "patterns/check/line_cut.h"
#include "patterns/line/logline.h"
#include "patterns/match/rules.h"

/* ---- a line that a syslog daemon cuts ---- */

static size_t
draw_limit(struct forge *forge)
{
	if (forge_below(forge, 4) == 0)
		return 480 + forge_below(forge, 8192 - 480);
	return line_cut_limit(forge_below(forge, line_cut_count()));
}

/*
 * A refused login that begins like a success. Its user name ends like one, and
 * is so long that the line is cut where that end is. A rule can only tell by
 * the length that this line is not complete.
 */
bool
forge_cut(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	struct injection_point *p = forge_draw_failure(forge, number);
	struct imitation imitation;
	struct captures parts;
	const char *login;

	if (p == NULL || p->sample->user_checked || !forge_completes(forge, p))
		return false;
	login = forge_draw_login(forge, number, &parts);
	if (login == NULL)
		return false;
	forge_start(forge, f, rule, p->sample, p->line);
	f->allowed = p->allowed;
	f->what = "a success up to where the line was cut";
	imitation = (struct imitation){.head = f->run.lines[p->line].bytes,
				       .head_len = p->begin,
				       .login = login,
				       .parts = &parts};
	imitation.filler =
	    forge_below(forge, 2)
		? parts.user
		: parts.user +
		      forge_below(forge, strlen(login) - parts.user + 1);
	forge->len = imitation_write(&imitation, draw_limit(forge),
				     forge_below(forge, LINE_CUT_SPARE + 1),
				     forge->line, ROOM);
	f->begin = f->end = forge->len;
	forge_take_line(forge, f);
	return forge->len > 0 &&
	       imitation_is_possible(&imitation, rule, forge->len);
}

/* ---- a name that is written twice, and cut once ---- */

/* Servers that cut a name do so at such lengths, the last three bytes of which
 * may be "...": Dovecot 2.3.19 at 80. */
static size_t
draw_name(struct forge *forge, char *name)
{
	static const size_t bounds[] = {16, 32, 48, 64, 80, 100, 128, 255};
	size_t len =
	    bounds[forge_below(forge, sizeof(bounds) / sizeof(bounds[0]))];

	memset(name, 'a', len);
	if (forge_below(forge, 2) == 0)
		memcpy(name + len - 3, "...", 3);
	return len;
}

/* Draws where the text that follows a name in a login ends: before a delimiter
 * or a blank, where a field of the server begins. */
static size_t
draw_end(struct forge *forge, const char *login, size_t begin)
{
	size_t end = begin + forge_below(forge, strlen(login + begin) + 1);

	return end + strcspn(login + end, " \t\"'`<>[](){},;:=");
}

/*
 * A refused login with its name in two places, one of which the server cuts.
 * The whole one goes on with what follows a name in a success, so that the cut
 * one may vouch for it.
 */
bool
forge_copied(struct forge *forge, size_t number, struct forgery *f)
{
	struct injection_point *p = forge_draw_failure(forge, number);
	struct captures parts;
	const char *login = forge_draw_login(forge, number, &parts);
	char name[256];
	size_t len, end, more[2] = {0};
	struct sample_run_line line;

	if (p == NULL || login == NULL || !p->again || parts.user_end == 0)
		return false;
	forge_start(forge, f, &forge->set->list[number], p->sample, p->line);
	f->allowed = p->allowed;
	f->what = "a name of which a copy was cut";
	line = f->run.lines[p->line];
	len = draw_name(forge, name);
	end = draw_end(forge, login, parts.user_end);
	more[forge_below(forge, 4) == 0] = end - parts.user_end;
	forge_add(forge, line.bytes, p->begin);
	forge_add(forge, name, len);
	forge_add(forge, login + parts.user_end, more[0]);
	forge_add(forge, line.bytes + p->end, p->begin2 - p->end);
	forge_add(forge, name, len);
	forge_add(forge, login + parts.user_end, more[1]);
	forge_add(forge, line.bytes + p->end2, line.len - p->end2);
	f->begin = f->end = p->begin;
	forge_take_line(forge, f);
	return true;
}

/* ---- a message with newlines in it ---- */

/* Ends a line of the run, which began at *begin of the forged bytes. */
static void
end_line(struct forge *forge, struct forgery *f, size_t *begin)
{
	struct sample_run_line *line = &f->run.lines[f->run.nlines++];

	line->bytes = forge->line + *begin;
	line->len = forge->len - *begin;
	*begin = forge->len;
}

/*
 * The first line of a message that goes on after a stranger's newline, then
 * whole lines of logins, which the stranger wrote, and something else. The
 * stranger writes no end of the message, which nobody could tell from the
 * server's.
 */
bool
forge_broken(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	const struct sample *first =
	    &rule->accept.list[forge_below(forge, rule->accept.count)];
	size_t i, n = 1 + forge_below(forge, 3), begin = 0;

	if (rule->multiline == NULL)
		return false;
	forge_start(forge, f, rule, first, 0);
	f->what = "a newline and a success";
	f->run.nlines = 0;
	forge_add(forge, first->lines[0], strlen(first->lines[0]));
	forge_add_filler(forge, forge_below(forge, 200));
	end_line(forge, f, &begin);
	for (i = 0; i < n; i++) {
		payload_corpus_draw_line(&forge->payload, forge->corpus,
					 &forge->random, number);
		forge_add(forge, forge->payload.bytes, forge->payload.len);
		end_line(forge, f, &begin);
		forge_add_filler(forge, forge_below(forge, ROOM / 8));
		end_line(forge, f, &begin);
	}
	f->begin = f->end = 0;
	return true;
}
