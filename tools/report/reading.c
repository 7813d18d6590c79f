#include "tools/report/reading.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/source/source.h"
#include "daemon/table/authtab.h"
#include "patterns/line/envelope.h"
#include "patterns/match/matcher.h"
#include "tools/report/messages.h"
#include "tools/report/summary.h"

/* What a login before the period authorized may reach into it. So that a grace
 * of years does not mean to read all logs, no login before that counts. */
enum { BEFORE_MIN = 3600, BEFORE_MAX = 86400 };

struct reader;

/* One of the logs. */
struct input {
	struct reader *reader;
	struct source *source; /* NULL: it could not be opened */
	struct envelope *envelope;
	uint64_t file; /* of the lines that come */
	bool ended;
};

struct reader {
	struct material *material;
	const struct period *period;
	time_t since; /* the first login that counts at all */
	struct loop *loop;
	struct authtab *table; /* stays empty; it knows what a key is */
	struct pipeline *pipeline;
	struct input *inputs;
	size_t count;
};

/* ---- what the pipeline finds ---- */

static void
on_login(void *arg, const struct match *match, time_t when, const char *refusal)
{
	struct reader *r = arg;
	struct login_text text = {.user = match->user,
				  .user_len = match->user_len,
				  .server = match->rule->server};
	struct addr key;

	if (when < r->since || when >= r->period->until)
		return;
	if (refusal != NULL) {
		if (when >= r->period->since)
			reasons_add(&r->material->refused, refusal);
		return;
	}
	/* Longer names are cut as the daemon does. */
	if (text.user_len > AUTHTAB_USER_NAME_MAX)
		text.user_len = AUTHTAB_USER_NAME_MAX;
	key = authtab_key(r->table, &match->addr);
	logins_add(&r->material->logins, when, &key, &text);
}

static void
on_doubtful(void *arg, const char *line, size_t len, const char *why)
{
	struct reader *r = arg;
	time_t when;

	/* A line without a time counts: it may be of the period. */
	if (pipeline_stamp(r->pipeline, line, len, r->period->now, &when) ==
		0 &&
	    (when < r->period->since || when >= r->period->until))
		return;
	reasons_add(&r->material->doubtful, why);
}

/* ---- what the logs hold ---- */

static void
use(struct input *in)
{
	pipeline_from(in->reader->pipeline, (size_t)(in - in->reader->inputs));
}

static struct moment
moment(const struct input *in)
{
	return (struct moment){in->reader->period->now,
			       in->reader->period->now};
}

static void
on_line(void *arg, const char *line, size_t len)
{
	struct input *in = arg;

	if (!envelope_has_line(envelope_open(in->envelope, &line, &len)))
		return;
	use(in);
	pipeline_line(in->reader->pipeline, line, len, moment(in));
}

static void
on_lost(void *arg, uint64_t size)
{
	struct input *in = arg;

	use(in);
	pipeline_lost(in->reader->pipeline, size);
	envelope_lost(in->envelope);
}

static void
on_lines(void *arg, const char *lines, size_t len)
{
	struct input *in = arg;
	const char *end = lines + len, *begin = lines, *line;
	int next;

	if (!envelope_in_block(lines, len)) {
		use(in);
		pipeline_block(in->reader->pipeline, lines, len, moment(in),
			       false);
		return;
	}
	for (; (next = linebuf_next(&lines, end, &line, &len)) != 0;
	     begin = lines)
		if (next > 0)
			on_line(in, line, len);
		else
			on_lost(in, (uint64_t)(lines - begin));
}

static void
on_rest(void *arg, const char *line, size_t len)
{
	struct input *in = arg;

	use(in);
	pipeline_rest(in->reader->pipeline, line, len, in->reader->period->now);
}

static void
on_past(void *arg, const char *line, size_t len)
{
	struct input *in = arg;

	if (envelope_past(in->envelope, &line, &len) == ENVELOPE_PART)
		return;
	use(in);
	pipeline_past(in->reader->pipeline, in->file, line, len,
		      in->reader->period->now);
}

static void
on_from(void *arg, uint64_t file, bool first)
{
	struct input *in = arg;

	in->file = file;
	envelope_from(in->envelope, file, first);
}

static int
on_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	struct input *in = arg;
	struct envelope *envelope = envelope_new(); /* without parts */
	int result = -1;

	if (envelope_has_line(envelope_open(envelope, &line, &len)))
		result = pipeline_stamp(in->reader->pipeline, line, len,
					in->reader->period->now, when);
	envelope_free(&envelope);
	return result;
}

static void
on_idle(void *arg)
{
	(void)arg;
}

static void
on_ended(void *arg)
{
	struct input *in = arg;
	struct reader *r = in->reader;

	in->ended = true;
	for (size_t i = 0; i < r->count; i++)
		if (r->inputs[i].source != NULL && !r->inputs[i].ended)
			return;
	loop_stop(r->loop, 0);
}

/* ---- the run ---- */

static bool
open_input(struct input *in, const char *spec)
{
	const struct source_start start = {.beginning = in->reader->since <= 0,
					   .since = in->reader->since,
					   .once = true};
	const struct source_sink sink = {.line = on_line,
					 .lines = on_lines,
					 .lost = on_lost,
					 .rest = on_rest,
					 .past = on_past,
					 .from = on_from,
					 .stamp = on_stamp,
					 .idle = on_idle,
					 .ended = on_ended,
					 .arg = in};
	struct err err;

	in->envelope = envelope_new();
	in->source = source_open(spec, in->reader->loop, &start, &sink, &err);
	if (in->source == NULL)
		strings_add(&in->reader->material->problems, err.text);
	else
		strings_add(&in->reader->material->logs, spec);
	return in->source != NULL;
}

/* Whether any could be opened. */
static bool
open_inputs(struct reader *r, const struct strings *logs)
{
	bool any = false;

	r->count = logs->count;
	r->inputs = alloc_zero(r->count + 1, sizeof(*r->inputs));
	for (size_t i = 0; i < r->count; i++) {
		r->inputs[i].reader = r;
		any |= open_input(&r->inputs[i], logs->list[i]);
	}
	return any;
}

static void
close_inputs(struct reader *r)
{
	for (size_t i = 0; i < r->count; i++) {
		source_close(&r->inputs[i].source);
		envelope_free(&r->inputs[i].envelope);
	}
	free(r->inputs);
}

static int
open_pipeline(struct reader *r, const struct conf *conf, struct err *err)
{
	const struct pipeline_observer observer = {on_login, on_doubtful, r};

	r->loop = loop_new(err);
	if (r->loop == NULL)
		return -1;
	r->table = authtab_new(conf->grace, 1, NULL, NULL);
	authtab_set_ipv6_prefix(r->table, conf->ipv6_prefix);
	r->pipeline = pipeline_new(conf, NULL, r->table, err);
	if (r->pipeline == NULL)
		return -1;
	pipeline_set_backlog(r->pipeline, true);
	pipeline_observe(r->pipeline, &observer);
	return 0;
}

static void
take_counts(struct reader *r)
{
	const struct pipeline_stats *stats = pipeline_stats(r->pipeline);

	r->material->lines = stats->lines;
	r->material->headerless = stats->headerless;
	for (uint64_t i = 0; i < stats->ahead; i++)
		reasons_add(&r->material->doubtful, "ahead of the clock");
}

/* A program that is writing a line ends it soon. A file that has been without
 * a newline from its beginning is perhaps no log. */
static void
warn_of_no_line(struct reader *r, const struct input *in)
{
	struct logpos pos;
	struct stat st;
	char *text;

	if (in->source == NULL || source_position(in->source, 0, &pos) != 0)
		return;
	if (pos.cursor == NULL && pos.print.offset == 0 &&
	    stat(pos.path, &st) == 0 && st.st_size > 0) {
		text = alloc_format("%s: its %jd bytes were not read: there is "
				    "no newline in it",
				    pos.path, (intmax_t)st.st_size);
		strings_add(&r->material->problems, text);
		free(text);
	}
	logpos_clear(&pos);
}

/* What is logged meanwhile is about the logs, not about Postfix. */
static int
read_logs(struct reader *r, const struct conf *conf, struct err *err)
{
	size_t before = r->material->problems.count;
	int fd = messages_begin(), result = 1;

	if (open_inputs(r, &conf->logfiles))
		result = loop_run(r->loop, err);
	take_counts(r);
	messages_end(fd, &r->material->problems);
	for (size_t i = 0; i < r->count; i++)
		warn_of_no_line(r, &r->inputs[i]);
	r->material->unread = r->material->problems.count > before;
	return result;
}

/* Nothing to report may be because nothing was understood. */
static void
warn_of_headers(struct material *m)
{
	char *text;

	if (m->headerless == 0 || m->headerless < m->lines / 2)
		return;
	text = alloc_format("%ju of %ju lines begin like no known log; pbsctl "
			    "explain shows why a line is not understood",
			    (uintmax_t)m->headerless, (uintmax_t)m->lines);
	strings_add(&m->problems, text);
	free(text);
}

static time_t
first_that_counts(const struct period *period, uint32_t grace)
{
	time_t before = BEFORE_MIN;

	if (grace > BEFORE_MIN)
		before = grace < BEFORE_MAX ? (time_t)grace : BEFORE_MAX;
	return period->since - before;
}

int
reading_run(struct material *material, const struct conf *conf,
	    const struct period *period, struct err *err)
{
	struct reader r = {.material = material,
			   .period = period,
			   .since = first_that_counts(period, conf->grace)};
	int fd = messages_begin(), result;

	logins_open(&material->logins);
	material->grace = conf->grace;
	material->ipv6_prefix = conf->ipv6_prefix;
	result = open_pipeline(&r, conf, err);
	messages_end(fd, &material->problems);
	if (result == 0)
		result = read_logs(&r, conf, err);
	warn_of_headers(material);
	close_inputs(&r);
	pipeline_free(&r.pipeline);
	authtab_free(&r.table);
	loop_free(&r.loop);
	return result;
}
