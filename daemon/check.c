#include "daemon/check.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf.h"
#include "maps/map.h"
#include "patterns/logline.h"
#include "patterns/matcher.h"
#include "patterns/rules.h"

struct check {
	const struct conf *conf;
	unsigned int failures;
};

static void __attribute__((format(printf, 2, 3)))
fail(struct check *c, const char *fmt, ...)
{
	va_list ap;

	c->failures++;
	fputs("FAILED ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* ---- patterns ---- */

static bool
user_is(const struct match *m, const char *user)
{
	if (user == NULL)
		return true;
	return m->user != NULL && strlen(user) == m->user_len &&
	       memcmp(user, m->user, m->user_len) == 0;
}

static int
match_sample(struct matcher *matcher, const struct sample *s, struct match *m,
	     struct err *err)
{
	struct logline line;

	err_set(err, "no rule fits");
	if (logline_parse(&line, s->line, strlen(s->line)) != 0) {
		err_set(err, "no header that is known");
		return 0;
	}
	return matcher_match(matcher, &line, m, err);
}

static void
check_accept(struct check *c, struct matcher *matcher, const struct rule *rule,
	     const struct sample *s)
{
	char got[ADDR_TEXT_MAX];
	struct addr want;
	struct match m;
	struct err err;

	if (match_sample(matcher, s, &m, &err) != 1) {
		fail(c, "%s:%u: %s: is not accepted: %s", rule->file, s->lineno,
		     rule->name, err.text);
		return;
	}
	addr_format(&m.addr, got);
	if (addr_parse(&want, s->ip, strlen(s->ip)) != 0 ||
	    !addr_equal(&want, &m.addr))
		fail(c, "%s:%u: %s: found %s, not %s", rule->file, s->lineno,
		     rule->name, got, s->ip);
	else if (!user_is(&m, s->user))
		fail(c, "%s:%u: %s: found user %.*s, not %s", rule->file,
		     s->lineno, rule->name, m.user ? (int)m.user_len : 4,
		     m.user ? m.user : "none", s->user);
}

/* Another rule may know what this one must not take. */
static void
check_reject(struct check *c, struct matcher *matcher, const struct rule *rule,
	     const struct sample *s)
{
	struct match m;
	struct err err;

	if (match_sample(matcher, s, &m, &err) == 1 && m.rule == rule)
		fail(c, "%s:%u: %s: is accepted: %s", rule->file, s->lineno,
		     rule->name, s->why ? s->why : "a reject sample");
}

static size_t
check_samples(struct check *c, struct matcher *matcher,
	      const struct ruleset *rules)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		for (size_t j = 0; j < rule->accept.count; j++)
			check_accept(c, matcher, rule, &rule->accept.list[j]);
		for (size_t j = 0; j < rule->reject.count; j++)
			check_reject(c, matcher, rule, &rule->reject.list[j]);
		count += rule->accept.count + rule->reject.count;
	}
	return count;
}

/* As configured; then with every optional rule, whose samples count too. */
static struct matcher *
compile(const struct conf *conf, const struct ruleset *rules, struct err *err)
{
	struct matcher *matcher =
	    matcher_new(rules, (const char *const *)conf->enable.list,
			conf->enable.count, err);
	struct strings all = {0};

	if (matcher == NULL)
		return NULL;
	matcher_free(&matcher);
	for (size_t i = 0; i < rules->count; i++)
		if (rules->list[i].optional)
			strings_add(&all, rules->list[i].name);
	matcher =
	    matcher_new(rules, (const char *const *)all.list, all.count, err);
	strings_clear(&all);
	return matcher;
}

static void
check_patterns(struct check *c)
{
	const struct strings *dirs = &c->conf->patterns;
	unsigned int before = c->failures;
	struct ruleset *rules;
	struct matcher *matcher = NULL;
	struct err err;
	size_t samples;

	rules =
	    ruleset_load((const char *const *)dirs->list, dirs->count, &err);
	if (rules != NULL)
		matcher = compile(c->conf, rules, &err);
	if (matcher == NULL) {
		fail(c, "%s", err.text);
	} else {
		samples = check_samples(c, matcher, rules);
		if (c->failures == before)
			printf("ok patterns: %zu rules, %zu samples\n",
			       rules->count, samples);
	}
	matcher_free(&matcher);
	ruleset_free(&rules);
}

/* ---- maps, logs, checkpoint ---- */

static void
check_maps(struct check *c)
{
	const struct map_settings settings = {c->conf->value, c->conf->flock};

	for (size_t i = 0; c->conf->write && i < c->conf->maps.count; i++) {
		const char *name = c->conf->maps.list[i];
		struct err err;
		struct map *map = map_open(name, "hash", &settings, &err);

		if (map == NULL) {
			fail(c, "%s", err.text);
			continue;
		}
		printf("ok %s\n", name);
		map_close(&map);
	}
}

static void
check_glob(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		printf("ok log %s: %zu files\n", pattern, found.gl_pathc);
	else
		printf("ok log %s: none yet, will be waited for\n", pattern);
	globfree(&found);
}

static void
check_log(struct check *c, const char *log)
{
	if (strcmp(log, "-") == 0 || strcmp(log, "journal:") == 0)
		printf("ok log %s\n", log);
	else if (strchr(log, '*') != NULL)
		check_glob(log);
	else if (access(log, R_OK) == 0)
		printf("ok log %s\n", log);
	else if (errno == ENOENT)
		printf("ok log %s: not there yet, will be waited for\n", log);
	else
		fail(c, "log %s: %s", log, strerror(errno));
}

static void
check_checkpoint(struct check *c)
{
	char *copy = alloc_string(c->conf->checkpoint);
	const char *dir = dirname(copy);

	if (!c->conf->write)
		printf("ok checkpoint: none with nowrite\n");
	else if (access(dir, W_OK | X_OK) == 0)
		printf("ok checkpoint %s\n", c->conf->checkpoint);
	else
		fail(c, "checkpoint %s: %s: %s", c->conf->checkpoint, dir,
		     strerror(errno));
	free(copy);
}

int
check_run(const struct conf *conf)
{
	struct check c = {.conf = conf};

	/* It was read and found good, or we would not be here. */
	printf("ok configuration %s\n",
	       conf->config_file ? conf->config_file : "(flags alone)");
	check_patterns(&c);
	check_maps(&c);
	for (size_t i = 0; i < conf->logfiles.count; i++)
		check_log(&c, conf->logfiles.list[i]);
	check_checkpoint(&c);
	return c.failures == 0 ? EX_OK : EX_CONFIG;
}
