#include "daemon/pipeline/load_rules.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_file.h"
#include "daemon/sys/safe_path.h"
#include "patterns/match/matcher.h"
#include "patterns/match/rules.h"

static int
check_directories(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->patterns.count; i++) {
		const char *dir = conf->patterns.list[i];

		if (access(dir, R_OK) == 0)
			continue;
		err_set(err, "%s: %s", dir, strerror(errno));
		return conf_blame(conf, "patterns", dir, err);
	}
	return 0;
}

static int
check_enabled(const struct conf *conf, const struct ruleset *rules,
	      struct err *err)
{
	for (size_t i = 0; i < conf->enable.count; i++) {
		const char *name = conf->enable.list[i];
		const struct rule_choice one = {.enabled = &name,
						.nenabled = 1};

		if (matcher_check_choice(rules, &one, err) != 0)
			return conf_blame(conf, "enable", name, err);
	}
	return 0;
}

struct ruleset *
load_rules(const struct conf *conf, bool bare, struct err *err)
{
	struct ruleset *rules;

	if (check_directories(conf, err) != 0 ||
	    safe_path_patterns(&conf->patterns, err) != 0)
		return NULL;
	rules = (bare ? ruleset_load_bare : ruleset_load)(
	    (const char *const *)conf->patterns.list, conf->patterns.count,
	    err);
	if (rules != NULL && check_enabled(conf, rules, err) != 0)
		ruleset_free(&rules);
	return rules;
}
