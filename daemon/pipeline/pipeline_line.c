/* One line: recognize it, count it, act on it. */
#include "daemon/pipeline/pipeline_state.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/pipeline/login_counts.h"
#include "daemon/pipeline/unmatched.h"

/* So many doubtful lines are logged, the others only counted: whoever can
 * write such lines could otherwise fill our log with them. */
enum { DOUBTFUL_LOGGED = 20 };

/* Seconds by which a line may be later in the log than a newer one. */
enum { DISORDER = 60 };

/* Of fewer lines, half may be a banner. */
enum { UNREAD_MIN = 10 };

/* All lines of such a log are alike, and the first of them is enough. */
static void
log_zone(struct pipeline *p, const struct logline *l, const char *zone,
	 size_t len)
{
	char text[256], name[16];

	if (p->zone_logged)
		return;
	p->zone_logged = true;
	log_printable(text, sizeof(text), l->line, l->line_len);
	log_printable(name, sizeof(name), zone, len);
	log_warning("granted nothing: %s: the time zone %s is not in use on "
		    "this machine at that time, so nobody knows when this was "
		    "(use journalctl --utc, %%z in Dovecot's log_timestamp, or "
		    "the right TZ): %s; further such lines are counted, not "
		    "logged",
		    p->names.list[p->log], name, text);
}

static void
log_doubtful(struct pipeline *p, const struct logline *l, enum doubt doubt,
	     const char *why)
{
	const char *zone = NULL;
	char text[256];
	size_t len;

	p->stats.doubtful++;
	p->doubtful[doubt]++;
	if (p->observer.doubtful != NULL) {
		p->observer.doubtful(p->observer.arg, l->line, l->line_len,
				     why);
		return;
	}
	if (doubt == DOUBT_TIME)
		zone = stamp_zone_name(l->stamp_kind, l->stamp, l->stamp_len,
				       &len);
	if (zone != NULL) {
		log_zone(p, l, zone, len);
		return;
	}
	if (p->stats.doubtful > DOUBTFUL_LOGGED && !log_debugging())
		return;
	log_printable(text, sizeof(text), l->line, l->line_len);
	log_warning("granted nothing: %s: %s", why, text);
	if (p->stats.doubtful == DOUBTFUL_LOGGED)
		log_warning("further such lines are counted, not logged");
}

/*
 * An hour that came twice is settled by the order of lines: it is the earlier
 * one, unless a line before it is newer than that. Of a line that has just been
 * written the clock tells.
 */
static void
settle_hour(struct pipeline *p, struct found *found)
{
	time_t *newest = &p->newest[p->log];
	time_t earlier = found->when - found->repeated;

	if (p->backlog && *newest <= earlier + DISORDER)
		found->when = earlier;
	if (found->when > *newest)
		*newest = found->when;
}

static void
note_last(struct pipeline *p, enum finding finding, time_t when)
{
	if (finding == FOUND_LOGIN && when > p->stats.last_login)
		p->stats.last_login = when;
}

enum finding
pipeline_count(struct pipeline *p, enum finding finding, struct found *found,
	       struct err *err)
{
	finding = recognize_rest(p->recognizer, &p->logs[p->log], finding,
				 found, err);
	if (finding != FOUND_NOTHING && finding != FOUND_HEADERLESS)
		unmatched_clear(p->unmatched, &found->line);
	switch (finding) {
	case FOUND_HEADERLESS:
		p->stats.headerless++;
		found->line.stamp_len = 0;
		return finding;
	case FOUND_DOUBTFUL:
	case FOUND_MULTILINE:
		log_doubtful(p, &found->line, found->match.doubt, err->text);
		return FOUND_DOUBTFUL;
	case FOUND_LOGIN:
		p->stats.logins++;
		login_counts_add(p->logins, found->match.rule);
		break;
	case FOUND_LOGOUT:
		break;
	default:
		return FOUND_NOTHING;
	}
	if (found->dated) {
		settle_hour(p, found);
		note_last(p, finding, found->when);
		return finding;
	}
	log_doubtful(p, &found->line, DOUBT_TIME,
		     logline_undated(&found->line));
	return FOUND_DOUBTFUL;
}

void
pipeline_keep_unread(struct pipeline *p, const char *line, size_t len)
{
	if (p->unread[0] == '\0')
		log_printable(p->unread, sizeof(p->unread), line, len);
}

void
pipeline_unread(struct pipeline *p, const char *line, size_t len)
{
	p->stats.lines++;
	p->stats.headerless++;
	p->logs[p->log].at += len + 1;
	pipeline_keep_unread(p, line, len);
}

void
pipeline_past(struct pipeline *p, uint64_t file, const char *line, size_t len,
	      time_t now)
{
	struct multiline *multiline = &p->logs[p->log];
	struct found found;
	struct err err;

	if (multiline->past != file)
		multiline->least = multiline->until > multiline->at
				       ? multiline->until - multiline->at
				       : 0;
	multiline->past = file;
	if (recognize_alone(p->recognizer, line, len, now, &found, &err) ==
	    FOUND_MULTILINE)
		recognize_rest(p->recognizer, multiline, FOUND_MULTILINE,
			       &found, &err);
	multiline->at += len + 1;
	if (multiline->until < multiline->at + multiline->least)
		multiline->until = multiline->at + multiline->least;
}

/* Writes the line so that a shell takes all of it for one word: strangers chose
 * some of it, and somebody will paste the command. */
static const char *
quoted(char *out, size_t size, const char *line)
{
	static const char quote[] = "'\\''";
	size_t len = 0;

	for (; *line != '\0' && len + sizeof(quote) < size; line++)
		if (*line == '\'') {
			memcpy(out + len, quote, strlen(quote));
			len += strlen(quote);
		} else {
			out[len++] = *line;
		}
	out[len] = '\0';
	return out;
}

/* If the line is of a program that has rules, but none of its lines has matched
 * one for an hour, warns of that once. */
static void
note_unmatched(struct pipeline *p, const struct logline *l, int64_t lifetime)
{
	char text[512], program[128];
	const char *line;

	if (matcher_program(recognizer_matcher(p->recognizer), l) == NULL)
		return;
	line = unmatched_line(p->unmatched, l, lifetime);
	if (line == NULL)
		return;
	log_printable(program, sizeof(program), l->program, l->program_len);
	log_warning("there are rules for %s, but none has matched a line of it "
		    "for an hour; run: pbsctl explain '%s'",
		    program, quoted(text, sizeof(text), line));
}

/* So many that it is no accident; at the end, any, if nothing else came. */
static bool
is_unread(const struct pipeline_stats *stats, bool end)
{
	if (end && stats->logins == 0 && stats->headerless > 0)
		return true;
	return stats->lines >= UNREAD_MIN &&
	       stats->headerless > stats->lines / 2;
}

void
pipeline_warn_unread(struct pipeline *p, bool end)
{
	const struct pipeline_stats *stats = &p->stats;
	char text[512];

	p->sample = true;
	if (p->unread_logged || !is_unread(stats, end))
		return;
	p->unread_logged = true;
	log_warning("%llu of %llu lines have an unknown log header and grant "
		    "nothing; run: pbsctl explain '%s'",
		    (unsigned long long)stats->headerless,
		    (unsigned long long)stats->lines,
		    quoted(text, sizeof(text), p->unread));
}

enum finding
pipeline_recognize(struct pipeline *p, const char *line, size_t len, time_t now,
		   struct found *found)
{
	enum finding finding;
	struct err err;

	p->stats.lines++;
	finding = recognize_alone(p->recognizer, line, len, now, found, &err);
	if (finding == FOUND_HEADERLESS)
		pipeline_keep_unread(p, line, len);
	if (finding != FOUND_NOTHING)
		finding = pipeline_count(p, finding, found, &err);
	p->logs[p->log].at += len + 1;
	return finding;
}

int
pipeline_act(struct pipeline *p, enum finding finding,
	     const struct found *found, struct moment now)
{
	struct login login;

	switch (finding) {
	case FOUND_LOGIN:
		pipeline_take_login(p, found, &login);
		login.when = pipeline_by_this_clock(p, login.when, now);
		return pipeline_authorize(p, &login, now);
	case FOUND_LOGOUT:
		pipeline_end_session(p, found, now);
		return 0;
	default:
		return 0;
	}
}

int
pipeline_line(struct pipeline *p, const char *line, size_t len,
	      struct moment now)
{
	struct found found;
	enum finding finding =
	    pipeline_recognize(p, line, len, now.wall, &found);

	if (p->sample && finding == FOUND_NOTHING) {
		p->sample = false;
		note_unmatched(p, &found.line, now.lifetime);
	}
	return pipeline_act(p, finding, &found, now);
}

void
pipeline_lost(struct pipeline *p, uint64_t size)
{
	p->logs[p->log].at += size;
}

bool
pipeline_ignores(const struct pipeline *p, const char *tag, size_t len)
{
	return recognizer_ignores(p->recognizer, tag, len);
}

/* Counts for each line the fewest bytes that one can have: a message with
 * newlines in it then never seems to end earlier than it may. */
void
pipeline_left_out(struct pipeline *p, uint64_t lines, time_t last)
{
	static const char least[] = "2026-11-21T02:01:00.000000+00:00 h t: \n";

	p->stats.lines += lines;
	p->logs[p->log].at += lines * strlen(least);
	if (last == 0)
		return;
	p->last.stamp_len = 0;
	p->last_left_out = last;
}

void
pipeline_rest(struct pipeline *p, const char *line, size_t len, time_t now)
{
	struct found found;
	struct err err;

	p->stats.lines++;
	switch (recognize_alone(p->recognizer, line, len, now, &found, &err)) {
	case FOUND_LOGIN:
	case FOUND_LOGOUT:
	case FOUND_PART:
		log_doubtful(p, &found.line, DOUBT_CUT,
			     "it is the rest of a cut line");
		break;
	default:
		break;
	}
}

int
pipeline_stamp(struct pipeline *p, const char *line, size_t len, time_t now,
	       time_t *when)
{
	struct logline l;

	if (logline_parse(&l, line, len) != 0 &&
	    logline_bare(&l, line, len) != 0)
		return -1;
	return recognizer_time(p->recognizer, &l, now, when);
}
