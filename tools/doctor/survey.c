#include "tools/doctor/survey.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/load_rules.h"
#include "patterns/line/envelope.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tools/doctor/logtail.h"

struct surveyor {
	struct ruleset *rules;
	struct recognizer *usual; /* with the rules that are on */
	struct recognizer *all;
	char host[256]; /* this one, up to the first dot */
};

struct surveyor *
surveyor_new(const struct conf *conf, struct err *err)
{
	const struct rule_choice usual = {
	    .enabled = (const char *const *)conf->enable.list,
	    .nenabled = conf->enable.count};
	static const struct rule_choice all = {.all = true};
	struct surveyor *s = alloc_zero(1, sizeof(*s));

	gethostname(s->host, sizeof(s->host) - 1);
	s->host[strcspn(s->host, ".")] = '\0';
	s->rules = load_rules(conf, true, err);
	if (s->rules != NULL)
		s->usual = recognizer_new(s->rules, &usual, err);
	if (s->usual != NULL)
		s->all = recognizer_new(s->rules, &all, err);
	if (s->all == NULL)
		surveyor_free(&s);
	return s;
}

void
surveyor_free(struct surveyor **surveyor)
{
	struct surveyor *s = *surveyor;

	if (s == NULL)
		return;
	recognizer_free(&s->all);
	recognizer_free(&s->usual);
	ruleset_free(&s->rules);
	free(s);
	*surveyor = NULL;
}

static void
keep_first(char **kept, const char *bytes, size_t len)
{
	if (*kept == NULL)
		*kept = alloc_bytes(bytes, len);
}

/* Servers that log what a stranger sends, newlines included: SECURITY.md. */
static void
look_at_server(struct survey *survey, const struct rule *rule,
	       const struct logline *line)
{
	static const char *const servers[] = {"Cyrus", "UW", "nginx",
					      "up-imapproxy", "Perdition"};

	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
		if (strncmp(rule->server, servers[i], strlen(servers[i])) == 0)
			keep_first(&survey->newlines, line->program,
				   line->program_len);
}

/* Does the text of a line that fits no rule report that somebody logged in? */
static bool
looks_like_login(const struct logline *line)
{
	static const char *const yes[] = {"login:",   "logged in", "login user",
					  "login ok", "login,",	   "logged on"};
	static const char *const no[] = {
	    "fail",   "disconnect", "abort",   "reject",  "invalid",
	    "denied", "refused",    "error",   "logout",  "bad",
	    "not ",   "closed",	    "warning", "timeout", "unknown"};
	char *text = alloc_bytes(line->text, line->text_len);
	bool looks = false;

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		looks |= strcasestr(text, yes[i]) != NULL;
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		looks &= strcasestr(text, no[i]) == NULL;
	free(text);
	return looks;
}

static void
look_at_unfit(struct survey *survey, const struct surveyor *s,
	      const struct logline *line)
{
	for (size_t i = 0; i < s->rules->count; i++) {
		const struct rule *rule = &s->rules->list[i];

		if (!rule_knows_program(rule, line->program,
					line->program_len))
			continue;
		look_at_server(survey, rule, line);
		if (survey->unfit == NULL && looks_like_login(line)) {
			survey->unfit = alloc_bytes(line->line, line->line_len);
			keep_first(&survey->program, line->program,
				   line->program_len);
		}
		return;
	}
}

static void
look_at_host(struct survey *survey, const struct surveyor *s,
	     const struct logline *line)
{
	size_t len = strlen(s->host), host_len = 0;

	while (host_len < line->host_len && line->host[host_len] != '.')
		host_len++;
	if (host_len > 0 &&
	    (host_len != len || strncasecmp(line->host, s->host, len) != 0))
		keep_first(&survey->foreign, line->host, line->host_len);
}

static void
take_line(struct survey *survey, struct surveyor *s, const char *line,
	  size_t len, time_t now)
{
	struct found usual, all;
	struct err err;
	enum finding finding = recognize(s->usual, line, len, now, &usual, &err);
	enum finding other = recognize(s->all, line, len, now, &all, &err);

	survey->lines++;
	survey->dated = false;
	if (finding == FOUND_HEADERLESS) {
		survey->headerless++;
		keep_first(&survey->strange, line, len);
		return;
	}
	survey->dated = recognizer_time(s->usual, &usual.line, now,
					&survey->last) == 0;
	look_at_host(survey, s, &usual.line);
	if (finding == FOUND_LOGIN) {
		survey->logins++;
		look_at_server(survey, usual.match.rule, &usual.line);
	} else if (other == FOUND_LOGIN) {
		survey->optional++;
		survey->rule = all.match.rule->name;
	} else if (other == FOUND_NOTHING) {
		look_at_unfit(survey, s, &all.line);
	}
}

void
survey_take(struct survey *survey, struct surveyor *s, const char *text,
	    size_t len, time_t now)
{
	struct envelope *envelope = envelope_new();
	const char *end = text + len, *line;

	recognizer_forget(s->usual);
	recognizer_forget(s->all);
	while (linebuf_next(&text, end, &line, &len) != 0)
		if (!envelope_is_lost(envelope_open(envelope, &line, &len)) &&
		    len > 0)
			take_line(survey, s, line, len, now);
	envelope_free(&envelope);
}

bool
survey_file(struct survey *survey, struct surveyor *s, const char *path,
	    time_t now)
{
	size_t len;
	char *text = logtail_read(path, LOGTAIL_MAX, &len);

	if (text == NULL)
		return false;
	survey_take(survey, s, text, len, now);
	free(text);
	return true;
}

void
survey_clear(struct survey *survey)
{
	free(survey->strange);
	free(survey->unfit);
	free(survey->program);
	free(survey->foreign);
	free(survey->newlines);
	*survey = (struct survey){0};
}
