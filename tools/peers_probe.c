#include "tools/peers_probe.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/err.h"
#include "daemon/conf/conf.h"
#include "tools/settings.h"
#include "tools/verb.h"

#ifndef WITHOUT_PEERS

#include "daemon/link/probe.h"

static void
print(void *arg, bool good, const char *what, const char *why)
{
	(void)arg;
	printf("%-6s %s%s%s\n", good ? "ok" : "FAILED", what,
	       *why != '\0' ? ": " : "", why);
}

static int
probe(const struct verb *verb, const struct conf *conf)
{
	struct err err;
	int result;

	if (conf->peers == NULL) {
		verb_error(verb, "peers: is not in the configuration");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	result = probe_run(conf->peers, print, NULL, &err);
	if (result >= 0)
		return result == 1 ? 0 : 1;
	verb_error(verb, "%s", err.text);
	return EX_NOINPUT;
}

#else

static int
probe(const struct verb *verb, const struct conf *conf)
{
	(void)conf;
	verb_error(verb, "not in this build; see INSTALL, part 1");
	return EX_UNAVAILABLE;
}

#endif

int
peers_probe(const struct verb *verb, const char *config,
	    const struct strings *dbfiles)
{
	struct conf conf;
	struct err err;
	int code;

	if (settings_load_maps(&conf, config, dbfiles, &err) != 0) {
		verb_error(verb, "%s", err.text);
		return EX_CONFIG;
	}
	code = probe(verb, &conf);
	conf_clear(&conf);
	return code;
}
