#include "daemon/configtest.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/configtest_peers.h"
#include "daemon/pipeline/load_rules.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/safe_path.h"
#include "maps/map.h"
#include "patterns/check/sample_check.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

struct check {
	const struct conf *conf;
	time_t now;
	unsigned int failures;
};

enum { POSTCONF_MS = 10 * 1000 };

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

typedef int prove_fn(struct recognizer *, const struct rule *,
		     const struct sample *, time_t now, struct err *);

static void
check_samples(struct check *c, struct recognizer *recognizer,
	      const struct rule *rule, const struct samples *samples,
	      prove_fn *prove)
{
	struct err err;

	for (size_t i = 0; i < samples->count; i++)
		if (prove(recognizer, rule, &samples->list[i], c->now, &err) <
		    0)
			fail(c, "%s:%u: %s: %s", rule->file,
			     samples->list[i].lineno, rule->name, err.text);
}

/* First as configured, to find what the daemon would refuse; then with every
 * rule, since the samples of rules that are off are checked, too. */
static struct recognizer *
compile(const struct conf *conf, const struct ruleset *rules, struct err *err)
{
	const struct rule_choice chosen = {
	    .enabled = (const char *const *)conf->enable.list,
	    .nenabled = conf->enable.count};
	const struct rule_choice all = {.all = true, .logouts = true};
	struct recognizer *recognizer = recognizer_new(rules, &chosen, err);

	if (recognizer == NULL)
		return NULL;
	recognizer_free(&recognizer);
	return recognizer_new(rules, &all, err);
}

static size_t
check_rule(struct check *c, struct recognizer *recognizer,
	   const struct rule *rule)
{
	check_samples(c, recognizer, rule, &rule->accept, sample_check_accept);
	check_samples(c, recognizer, rule, &rule->reject, sample_check_reject);
	return rule->accept.count + rule->reject.count;
}

static void
check_patterns(struct check *c)
{
	unsigned int before = c->failures;
	struct recognizer *recognizer = NULL;
	struct err err;
	struct ruleset *rules = load_rules(c->conf, false, &err);
	size_t samples = 0;

	if (rules != NULL)
		recognizer = compile(c->conf, rules, &err);
	if (recognizer == NULL) {
		fail(c, "patterns: %s", err.text);
	} else {
		for (size_t i = 0; i < rules->count; i++)
			samples += check_rule(c, recognizer, &rules->list[i]);
		if (c->failures == before)
			printf("ok patterns: %zu rule%s, %zu sample%s\n",
			       rules->count, rules->count == 1 ? "" : "s",
			       samples, samples == 1 ? "" : "s");
	}
	recognizer_free(&recognizer);
	ruleset_free(&rules);
}

/* ---- maps, logs, checkpoint ---- */

/* Those types are Postfix's own; others it asks, or never sees. */
static void
check_type(struct check *c, const char *map, const char *known)
{
	static const char *const types[] = {"hash", "lmdb", "cdb", "cidr",
					    "socketmap"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t len = strlen(types[i]);

		if (strncmp(map, types[i], len) == 0 && map[len] == ':' &&
		    !helper_has_word(known, types[i]))
			fail(c,
			     "%s: Postfix does not read %s: maps; `postconf "
			     "-m' lists what it reads",
			     map, types[i]);
	}
}

static void
check_types(struct check *c)
{
	static const char *const argv[] = {"postconf", "-m", NULL};
	struct err err;
	char *output = NULL;
	int code;

	if (!c->conf->write || c->conf->maps.count == 0)
		return;
	code = helper_run(NULL, argv, POSTCONF_MS, &output, &err);
	if (code != 0)
		printf("warning Postfix: %s; cannot check which types of map "
		       "it reads\n",
		       code < 0 ? err.text : output);
	for (size_t i = 0; code == 0 && i < c->conf->maps.count; i++)
		check_type(c, c->conf->maps.list[i], output);
	free(output);
}

static void
check_maps(struct check *c)
{
	const struct map_settings settings = conf_map_settings(c->conf);

	if (c->conf->write && c->conf->maps.count == 0)
		printf("ok dbfile: none, no map is kept\n");
	for (size_t i = 0; c->conf->write && i < c->conf->maps.count; i++) {
		const char *name = c->conf->maps.list[i];
		struct err err;
		struct map *map = NULL;

		if (conf_check_user(c->conf, name, &err) == 0)
			map = map_open(name, "hash", &settings, &err);
		if (map == NULL) {
			fail(c, "%s", err.text);
			continue;
		}
		printf("ok %s\n", name);
		map_close(&map);
	}
}

/* The daemon waits for a file, but hardly for a directory: it would be one that
 * somebody has mistyped. */
static void
check_absent(struct check *c, const char *log)
{
	char *copy = alloc_string(log);
	const char *dir = dirname(copy);

	if (access(dir, F_OK) != 0)
		fail(c, "log %s: the directory %s does not exist", log, dir);
	else
		printf("warning log %s: no such file yet; the daemon waits for "
		       "it%s\n",
		       log,
		       strchr(log, '*') != NULL || strpbrk(log, "[?") == NULL
			   ? ""
			   : "; without a *, [ and ? are part of the name");
	free(copy);
}

static void
check_glob(struct check *c, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		printf("ok log %s: %zu file%s\n", pattern,
		       (size_t)found.gl_pathc, found.gl_pathc == 1 ? "" : "s");
	else
		check_absent(c, pattern);
	globfree(&found);
}

/* The daemon would wait in vain for anything but a regular file. */
static void
check_kind(struct check *c, const char *log, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		printf("ok log %s\n", log);
	else
		fail(c, "log %s: not a regular file", log);
}

/* conf_load() has looked at the matches. The daemon waits for no directory. */
static void
check_journal(struct check *c, const char *log)
{
	const char *word = log + strlen("journal:");
	const char *dir = word + strspn(word, " \t");
	char *copy = alloc_bytes(dir, strcspn(dir, " \t"));
	struct stat st;

	if (*dir == '/' && stat(copy, &st) != 0)
		fail(c, "log %s: %s: %s", log, copy, strerror(errno));
	else if (*dir == '/' && !S_ISDIR(st.st_mode))
		fail(c, "log %s: %s: not a directory", log, copy);
	else
		printf("ok log %s\n", log);
	free(copy);
}

/* A service runs in another directory than the one who wrote the name. */
static void
refuse_name(struct check *c, const char *log)
{
	if (log[strcspn(log, ":/")] == ':')
		fail(c, "log %s: neither a file nor journal:", log);
	else
		fail(c, "log %s: relative; write the whole path", log);
}

static void
check_log(struct check *c, const char *log)
{
	struct stat st;

	if (strncmp(log, "journal:", 8) == 0)
		check_journal(c, log);
	else if (strcmp(log, "-") == 0)
		printf("ok log %s\n", log);
	else if (*log != '/')
		refuse_name(c, log);
	else if (strchr(log, '*') != NULL)
		check_glob(c, log);
	else if (access(log, R_OK) == 0 && stat(log, &st) == 0)
		check_kind(c, log, &st);
	else if (errno == ENOENT)
		check_absent(c, log);
	else
		fail(c, "log %s: %s", log, strerror(errno));
}

static void
check_checkpoint(struct check *c)
{
	char *copy = alloc_string(c->conf->checkpoint);
	const char *dir = dirname(copy);
	struct stat st;

	if (!c->conf->write)
		printf("ok checkpoint: none with nowrite\n");
	else if (lstat(c->conf->checkpoint, &st) == 0 && !S_ISREG(st.st_mode))
		fail(c, "checkpoint %s: not a regular file",
		     c->conf->checkpoint);
	else if (access(dir, W_OK | X_OK) == 0)
		printf("ok checkpoint %s\n", c->conf->checkpoint);
	else
		fail(c, "checkpoint %s: %s: %s", c->conf->checkpoint, dir,
		     strerror(errno));
	free(copy);
}

/* A file that the daemon will create: its directory must exist. Whether it is
 * writable is not checked, since root may open the file before it becomes
 * user. */
static void
check_place(struct check *c, const char *what, const char *file)
{
	char *copy = alloc_string(file);
	const char *dir = dirname(copy);
	struct stat st;

	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		fail(c, "%s %s: is a directory", what, file);
	else if (access(dir, F_OK) != 0)
		fail(c, "%s %s: %s: %s", what, file, dir, strerror(errno));
	free(copy);
}

static void
check_logto(struct check *c)
{
	unsigned int before = c->failures;

	check_place(c, "logto", c->conf->logto);
	if (c->failures == before && !log_may_reopen(c->conf->logto))
		printf("warning logto %s: SIGHUP cannot open it again: %s; "
		       "when it has been rotated, messages go to the old "
		       "file\n",
		       c->conf->logto, strerror(errno));
}

static void
check_metrics(struct check *c)
{
	char *copy = alloc_string(c->conf->metrics);
	const char *dir = dirname(copy);
	struct stat st;
	struct err err;

	if (safe_path_check(c->conf->metrics, &err) != 0)
		fail(c, "metrics %s", err.text);
	else if (stat(c->conf->metrics, &st) == 0 && !S_ISREG(st.st_mode))
		fail(c, "metrics %s: is not a regular file", c->conf->metrics);
	else if (access(dir, W_OK | X_OK) != 0)
		fail(c, "metrics %s: %s: %s", c->conf->metrics, dir,
		     strerror(errno));
	else
		printf("ok metrics %s\n", c->conf->metrics);
	free(copy);
}

/* What a daemon with this configuration would give up. */
static void
check_sandbox(const struct conf *conf)
{
	const char *user = conf->user != NULL ? conf->user
			   : geteuid() == 0   ? "root"
					      : "as started";
	char what[64];

	sandbox_describe(conf, what);
	if (conf->sandbox == CONF_SANDBOX_OFF)
		printf("ok sandbox off, user %s\n", user);
	else if (!conf->write || conf->once)
		printf("ok sandbox none without a keeper (nowrite, once), "
		       "user %s\n",
		       user);
	else
		printf("ok sandbox %s, no_new_privs, not dumpable, user %s\n",
		       what, user);
}

int
configtest_run(const struct conf *conf)
{
	struct check c = {.conf = conf};
	struct err err;
	struct loop *loop = loop_new(&err);

	if (loop == NULL) {
		fail(&c, "%s", err.text);
		return EX_OSERR;
	}
	c.now = loop_now(loop);
	loop_free(&loop);
	/* conf_load() has already accepted it. */
	printf("ok configuration %s\n",
	       conf->config_file ? conf->config_file : "(flags alone)");
	conf_warn(conf);
	check_patterns(&c);
	check_maps(&c);
	check_types(&c);
	if (conf->logfiles.count == 0)
		printf("ok logfile: none, no log is followed\n");
	for (size_t i = 0; i < conf->logfiles.count; i++)
		check_log(&c, conf->logfiles.list[i]);
	check_checkpoint(&c);
	if (conf->logto != NULL && strcmp(conf->logto, "-") != 0 &&
	    strcmp(conf->logto, "syslog") != 0)
		check_logto(&c);
	if (conf->pidfile != NULL)
		check_place(&c, "daemon", conf->pidfile);
	if (conf->metrics != NULL)
		check_metrics(&c);
#ifndef WITHOUT_PEERS
	if (conf->peers != NULL)
		c.failures += configtest_peers(conf->peers);
#endif
	check_sandbox(conf);
	return c.failures == 0 ? EX_OK : EX_CONFIG;
}
