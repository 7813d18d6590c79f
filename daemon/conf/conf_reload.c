#include "daemon/conf/conf_reload.h"

#include <string.h>

#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "maps/textform.h"

static bool
same_strings(const struct strings *a, const struct strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	return true;
}

static bool
same_string(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
same_forms(const struct conf *a, const struct conf *b)
{
	if (a->ntextforms != b->ntextforms)
		return false;
	for (size_t i = 0; i < a->ntextforms; i++)
		if (!textform_equal(&a->textforms[i], &b->textforms[i]))
			return false;
	return true;
}

static void
log_peers_key(const char *key)
{
	log_warning("peers: %s has changed; that needs a restart", key);
}

void
conf_reload_log(const struct conf *old, const struct conf *new)
{
	const struct {
		const char *key;
		bool same;
	} fixed[] = {
	    {"logfile", same_strings(&old->logfiles, &new->logfiles)},
	    {"dbfile", same_strings(&old->maps, &new->maps)},
	    {"value", same_string(old->value, new->value)},
	    {"write", old->write == new->write},
	    {"ipv6_prefix", old->ipv6_prefix == new->ipv6_prefix},
	    {"text", same_forms(old, new)},
	    {"flock", old->flock == new->flock},
	    {"checkpoint", same_string(old->checkpoint, new->checkpoint)},
	    {"metrics", same_string(old->metrics, new->metrics)},
	    {"user", same_string(old->user, new->user)},
	    {"daemon", same_string(old->pidfile, new->pidfile)},
	    {"peers", (old->peers == NULL) == (new->peers == NULL)},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!fixed[i].same)
			log_warning("%s has changed; that needs a restart",
				    fixed[i].key);
	if (old->peers != NULL && new->peers != NULL)
		conf_peers_compare(old->peers, new->peers, log_peers_key);
}

void
conf_reload_adopt(struct conf *running, struct conf *new)
{
	struct conf old = *running;

	running->grace = new->grace;
	running->max_addresses = new->max_addresses;
	running->sessions = new->sessions;
	running->session_max = new->session_max;
	running->debug = new->debug;
	running->mynetworks = new->mynetworks;
	running->patterns = new->patterns;
	running->enable = new->enable;
	running->exclude = new->exclude;
	running->nexclude = new->nexclude;
	running->logto = new->logto;
	running->policy = new->policy;

	new->grace = old.grace;
	new->max_addresses = old.max_addresses;
	new->sessions = old.sessions;
	new->session_max = old.session_max;
	new->debug = old.debug;
	new->mynetworks = old.mynetworks;
	new->patterns = old.patterns;
	new->enable = old.enable;
	new->exclude = old.exclude;
	new->nexclude = old.nexclude;
	new->logto = old.logto;
	new->policy = old.policy;

	conf_peers_adopt(running, new);
}
