#include "patterns/check/imitation.h"

#include <string.h>

#include "patterns/check/captures.h"
#include "patterns/check/line_cut.h"
#include "patterns/line/logline.h"
#include "patterns/match/rules.h"

/* What a forgery tries to get authorized. */
static const char attacker[] = "6.6.6.6";

struct output {
	char *bytes;
	size_t len, room;
};

static void
add(struct output *out, const char *bytes, size_t len)
{
	if (len > out->room - out->len)
		len = out->room - out->len;
	memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

/* Adds bytes begin to end of the login, with the attacker's address in place of
 * its own. */
static void
add_login(struct output *out, const struct imitation *i, size_t begin,
	  size_t end)
{
	const struct captures *a = i->parts;

	if (a->ip_end == 0 || begin > a->ip || end < a->ip_end) {
		add(out, i->login + begin, end - begin);
		return;
	}
	add(out, i->login + begin, a->ip - begin);
	add(out, attacker, sizeof(attacker) - 1);
	add(out, i->login + a->ip_end, end - a->ip_end);
}

/* How many bytes are missing in a line of this length so that it was cut. */
static size_t
missing(const struct imitation *i, size_t len, size_t limit, size_t spare)
{
	struct logline l;
	size_t text;

	if (limit == 0 || logline_parse(&l, i->head, i->head_len) != 0 ||
	    l.header != HEADER_SYSLOG)
		return 0;
	text = line_cut_text(limit, (size_t)(l.text - l.program), spare);
	len -= (size_t)(l.text - i->head);
	return text > len ? text - len : 0;
}

size_t
imitation_write(const struct imitation *i, size_t limit, size_t spare,
		char *bytes, size_t room)
{
	struct output out = {bytes, 0, room};
	const size_t end = strlen(i->login);
	size_t middle, filler;

	add(&out, i->head, i->head_len);
	add_login(&out, i, i->parts->user, i->filler);
	middle = out.len;
	add_login(&out, i, i->filler, end);
	filler = missing(i, out.len, limit, spare);
	if ((limit > 0 && filler == 0) || filler > room - out.len)
		return 0;
	memmove(bytes + middle + filler, bytes + middle, out.len - middle);
	memset(bytes + middle, 'x', filler);
	return out.len + filler;
}

bool
imitation_is_possible(const struct imitation *i, const struct rule *rule,
		      size_t len)
{
	return rule->cut == 0 || len - i->head_len <= rule->cut;
}
