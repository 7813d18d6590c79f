/*
 * conf_peers: the key `peers:': what this host publishes for other hosts, and
 * which hosts' logins it accepts, through an engine (Redis or Valkey) between
 * them. There are no flags for it.
 */
#ifndef DAEMON_CONF_CONF_PEERS_H
#define DAEMON_CONF_CONF_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/conf/peers_engine.h"

struct conf;
struct err;
struct yaml_node;
struct yaml_tree;

enum {
	PEERS_ENGINES_MAX = 8,
	PEERS_HOSTS_MAX = 63,
	PEERS_NAME_MAX = 63,   /* characters */
	PEERS_PREFIX_MAX = 32, /* characters */
	PEERS_PUBLIC_KEY = 32, /* bytes, Ed25519 */
};

/* A host whose entries are read. */
struct peers_host {
	char *name; /* [a-z0-9.-] */
	unsigned char key[PEERS_PUBLIC_KEY];
	size_t max_addresses; /* that it may vouch for */
	char *user_domain;    /* added to users without @; NULL: nothing is */
};

struct peers_conf {
	struct peers_engine *engines; /* at least one; tried in this order */
	size_t nengines;
	char *user;	     /* of the engine; NULL: no password either */
	char *password_file; /* of one line; NULL: none is given */
	char *tls_ca, *tls_cert, *tls_key; /* files; tls_ca is set if any
					      engine has .tls; the others are
					      both set or both NULL */
	char *prefix;			   /* streams are named PREFIX:NAME */
	char *name, *key_file; /* of this host; both NULL: nothing is
				  published */
	struct peers_host *hosts;
	size_t nhosts; /* 0: nothing is read */
	uint32_t refresh, lease, skew; /* seconds */
};

/* Sets conf->peers. 0; -1: err says "file:line: why". */
int conf_peers_read(struct conf *, const struct yaml_tree *,
		    const struct yaml_node *, struct err *);
void conf_peers_clear(struct conf *);
void conf_peers_dump(const struct conf *); /* as YAML to standard output */

/* Calls `changed', unless NULL, for each key that differs and takes effect only
 * after a restart: any but hosts, refresh, lease and skew. Returns their
 * number. The key is as a message names it, "tls: ca". */
typedef void conf_peers_changed_fn(const char *key);
unsigned int conf_peers_compare(const struct peers_conf *,
				const struct peers_conf *,
				conf_peers_changed_fn *changed);
/* Exchanges what can change while running. If peers: is gone from the new
 * configuration, so are its hosts: the running one keeps the rest. */
void conf_peers_adopt(struct conf *running, struct conf *new);

#endif
