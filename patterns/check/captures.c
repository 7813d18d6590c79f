#include "patterns/check/captures.h"

#include "base/err.h"
#include "patterns/match/matcher.h"
#include "patterns/match/recognizer.h"

static size_t
offset(const char *line, const char *at)
{
	return at ? (size_t)(at - line) : 0;
}

bool
captures_find(struct captures *a, struct recognizer *recognizer,
	      const char *line, size_t len)
{
	struct logline parsed;
	struct match m = {0};
	struct err err;

	*a = (struct captures){0};
	if (logline_parse(&parsed, line, len) != 0)
		return false;
	a->text = offset(line, parsed.text);
	if (matcher_match(recognizer_matcher(recognizer), &parsed, &m, &err) !=
	    1)
		return true;
	a->rule = m.rule;
	a->ip = offset(line, m.ip);
	a->ip_end = a->ip + m.ip_len;
	a->user = offset(line, m.user);
	a->user_end = a->user + m.user_len;
	a->session = offset(line, m.session);
	a->session_end = a->session + m.session_len;
	return true;
}
