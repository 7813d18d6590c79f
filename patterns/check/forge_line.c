/* Forgeries that change a line as a whole: what relays add to it, and what
 * writes that were torn make of two of them. */
#include <string.h>

#include "patterns/check/captures.h"
#include "patterns/check/forge.h"
#include "patterns/check/forge_state.h"
#include "patterns/line/logline.h"
#include "patterns/match/rules.h"

static void
start_sample(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	size_t n = forge_below(forge, rule->accept.count + rule->reject.count);
	const struct sample *sample =
	    n < rule->accept.count ? &rule->accept.list[n]
				   : &rule->reject.list[n - rule->accept.count];
	struct sample_run run;

	sample_run_set(&run, sample);
	forge_start(forge, f, rule, sample, forge_below(forge, run.nlines));
	forge_allow_sample(forge, f, sample);
	forge_allow_others(forge, f);
}

/* ---- what a log relay may add before or after a line ---- */

bool
forge_decorated(struct forge *forge, size_t number, struct forgery *f)
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
	const char *text = decorations[forge_below(
	    forge, sizeof(decorations) / sizeof(decorations[0]))];
	struct sample_run_line line;
	struct captures parts;
	size_t at[3] = {0}, where;

	start_sample(forge, number, f);
	f->what = "extra text";
	line = f->run.lines[f->line];
	captures_find(&parts, forge->recognizer, line.bytes, line.len);
	at[1] = parts.text;
	at[2] = line.len;
	where = at[forge_below(forge, 3)];
	forge_add(forge, line.bytes, where);
	f->begin = forge->len;
	forge_add(forge, text, strlen(text));
	f->end = forge->len;
	forge_add(forge, line.bytes + where, line.len - where);
	forge_take_line(forge, f);
	return true;
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
bool
forge_glued(struct forge *forge, size_t number, struct forgery *f)
{
	struct sample_run_line line;
	struct captures parts;
	size_t cut;

	start_sample(forge, number, f);
	f->what = "a torn line and a success";
	line = f->run.lines[f->line];
	cut = line.len;
	if (!captures_find(&parts, forge->recognizer, line.bytes, line.len))
		return false;
	/* With nothing before it, the login would be a line of its own. */
	if (forge_below(forge, 4) != 0)
		cut =
		    parts.text + forge_below(forge, line.len - parts.text + 1);
	if (cut == 0)
		cut = 1;
	forge_add(forge, line.bytes, cut);
	f->begin = forge->len;
	f->torn = true;
	allow(f, payload_corpus_draw_line(&forge->payload, forge->corpus,
					  &forge->random, number));
	forge_add(forge, forge->payload.bytes, forge->payload.len);
	f->end = forge->len;
	forge_take_line(forge, f);
	return true;
}

/* Where a login is torn: mostly inside the user name, as what follows it can
 * then be taken for the rest of the name. */
static size_t
draw_tear(struct forge *forge, const struct captures *parts, size_t len)
{
	size_t begin = parts->text, end = len;

	if (parts->user_end > parts->user && forge_below(forge, 4) != 0) {
		begin = parts->user;
		end = parts->user_end;
	}
	return begin + forge_below(forge, end - begin + 1);
}

/*
 * A login that was torn, directly followed by a whole line of a login that was
 * refused, with a payload in it: read as one line, they could be a login from
 * the address of who was refused.
 */
bool
forge_torn(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	const struct sample *torn =
	    &rule->accept.list[forge_below(forge, rule->accept.count)];
	const char *line = torn->lines[torn->nlines - 1];
	struct injection_point *p = forge_draw_failure(forge, number);
	struct captures parts;
	struct logline l;
	size_t head;

	if (p == NULL || logline_parse(&l, line, strlen(line)) != 0 ||
	    l.header != HEADER_SYSLOG)
		return false;
	captures_find(&parts, forge->recognizer, line, strlen(line));
	forge_write_point(forge, number, p, f);
	forge_allow_sample(forge, f, torn);
	f->what = "the beginning of a success before it, and with text";
	head = draw_tear(forge, &parts, strlen(line));
	if (head == 0 || head + forge->len > ROOM)
		return false;
	memmove(forge->line + head, forge->line, forge->len);
	memcpy(forge->line, line, head);
	forge->len += head;
	f->begin = f->end = forge->len;
	f->wrapping.joint = head;
	f->wrapping.line = f->line;
	forge_take_line(forge, f);
	return true;
}

/* A login that ends at any byte after its header: its writer died, or the disk
 * was full. Within a name or an address nobody can tell. */
bool
forge_clipped(struct forge *forge, size_t number, struct forgery *f)
{
	const struct rule *rule = &forge->set->list[number];
	const struct sample *sample =
	    &rule->accept.list[forge_below(forge, rule->accept.count)];
	struct captures parts;
	struct sample_run_line line;
	size_t cut;

	forge_start(forge, f, rule, sample, sample->nlines > 1);
	line = f->run.lines[f->line];
	if (!captures_find(&parts, forge->recognizer, line.bytes, line.len))
		return false;
	forge_allow_sample(forge, f, sample);
	forge_allow_others(forge, f);
	f->what = "its end not";
	cut = parts.text + forge_below(forge, line.len - parts.text + 1);
	if (cut > parts.ip && cut < parts.ip_end)
		cut = parts.ip;
	if (cut > parts.user && cut <= parts.user_end + 1)
		cut = parts.user;
	forge_add(forge, line.bytes, cut);
	f->begin = f->end = cut;
	forge_take_line(forge, f);
	return true;
}
