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

#include "daemon/conf/conf_peers.h"
#include "daemon/link/probe.h"
#include "daemon/peers/sign_file.h"

static void
print(void *arg, bool good, const char *what, const char *why)
{
	(void)arg;
	printf("%-6s %s%s%s\n", good ? "ok" : "FAILED", what,
	       *why != '\0' ? ": " : "", why);
}

/* Shows what other hosts need: only there can it be wrong for this key. */
static bool
try_key(const struct peers_conf *p)
{
	unsigned char secret[SIGN_SECRET];
	char shown[SIGN_KEY_TEXT];
	struct err err;

	if (p->key_file == NULL)
		return true;
	if (sign_begin(&err) != 0 ||
	    sign_file_read(secret, p->key_file, &err) != 0) {
		print(NULL, false, "publish: key", err.text);
		return false;
	}
	sign_public_text(shown, secret);
	sign_forget(secret, sizeof(secret));
	printf("ok     other hosts need { name: %s, key: \"%s\" }\n", p->name,
	       shown);
	return true;
}

static int
probe(const struct verb *verb, const struct conf *conf)
{
	struct err err;
	bool signs;
	int result;

	if (conf->peers == NULL) {
		verb_error(verb, "peers: is not in the configuration");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signs = try_key(conf->peers);
	result = probe_run(conf->peers, print, NULL, &err);
	if (result < 0)
		verb_error(verb, "%s", err.text);
	if (result < 0 || !signs)
		return EX_NOINPUT;
	return result == 1 ? 0 : 1;
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
