#include "daemon/conf/conf_peers.h"

#include <string.h>

#include "base/alloc.h"
#include "daemon/conf/conf.h"

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

/* The peers: of a configuration that has none: no host is believed. */
static struct peers_conf *
without_hosts(const struct peers_conf *running)
{
	struct peers_conf *p = alloc_zero(1, sizeof(*p));

	p->refresh = running->refresh;
	p->lease = running->lease;
	p->skew = running->skew;
	return p;
}

void
conf_peers_adopt(struct conf *running, struct conf *new)
{
	struct peers_conf *ours = running->peers, *theirs, old;

	if (ours == NULL)
		return;
	if (new->peers == NULL)
		new->peers = without_hosts(ours);
	theirs = new->peers;
	old = *ours;
	ours->hosts = theirs->hosts;
	ours->nhosts = theirs->nhosts;
	ours->refresh = theirs->refresh;
	ours->lease = theirs->lease;
	ours->skew = theirs->skew;

	theirs->hosts = old.hosts;
	theirs->nhosts = old.nhosts;
	theirs->refresh = old.refresh;
	theirs->lease = old.lease;
	theirs->skew = old.skew;
}
