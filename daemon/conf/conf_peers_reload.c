#include "daemon/conf/conf_peers.h"

#include <string.h>

static bool
same_string(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
same_engines(const struct peers_conf *a, const struct peers_conf *b)
{
	if (a->nengines != b->nengines)
		return false;
	for (size_t i = 0; i < a->nengines; i++)
		if (strcmp(a->engines[i].text, b->engines[i].text) != 0)
			return false;
	return true;
}

unsigned int
conf_peers_compare(const struct peers_conf *a, const struct peers_conf *b,
		   conf_peers_changed_fn *changed)
{
	const struct {
		const char *key;
		bool same;
	} fixed[] = {
	    {"engine", same_engines(a, b)},
	    {"user", same_string(a->user, b->user)},
	    {"password_file", same_string(a->password_file, b->password_file)},
	    {"tls: ca", same_string(a->tls_ca, b->tls_ca)},
	    {"tls: cert", same_string(a->tls_cert, b->tls_cert)},
	    {"tls: key", same_string(a->tls_key, b->tls_key)},
	    {"prefix", same_string(a->prefix, b->prefix)},
	    {"publish: name", same_string(a->name, b->name)},
	    {"publish: key", same_string(a->key_file, b->key_file)},
	};
	unsigned int count = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (fixed[i].same)
			continue;
		count++;
		if (changed != NULL)
			changed(fixed[i].key);
	}
	return count;
}

void
conf_peers_adopt(struct peers_conf *running, struct peers_conf *new)
{
	struct peers_conf old;

	if (running == NULL || new == NULL)
		return;
	old = *running;
	running->hosts = new->hosts;
	running->nhosts = new->nhosts;
	running->refresh = new->refresh;
	running->lease = new->lease;
	running->skew = new->skew;

	new->hosts = old.hosts;
	new->nhosts = old.nhosts;
	new->refresh = old.refresh;
	new->lease = old.lease;
	new->skew = old.skew;
}
