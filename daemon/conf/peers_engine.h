/*
 * peers_engine: the place of an engine, as written in the configuration:
 * unix:PATH, inet:HOST:PORT, tls:HOST:PORT or
 * sentinel:NAME@HOST:PORT[,HOST:PORT...].
 */
#ifndef DAEMON_CONF_PEERS_ENGINE_H
#define DAEMON_CONF_PEERS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { PEERS_PLACES_MAX = 16 }; /* of one engine: Sentinels */

struct peers_place {
	char *host; /* a name, or an address without brackets */
	uint16_t port;
};

enum peers_engine_kind { PEERS_UNIX, PEERS_INET, PEERS_SENTINEL };

struct peers_engine {
	enum peers_engine_kind kind;
	bool tls;      /* tls:, or sentinel: with a section `tls:' */
	char *text;    /* as configured, for messages */
	char *path;    /* PEERS_UNIX; else NULL */
	char *service; /* PEERS_SENTINEL: NAME; else NULL */
	struct peers_place *places; /* one, or all Sentinels */
	size_t nplaces;
};

/* 0, or -1: err says what is wrong, and nothing needs to be cleared. */
int peers_engine_parse(struct peers_engine *, const char *text, struct err *);
void peers_engine_clear(struct peers_engine *);

/* Whether what is sent there leaves this machine unencrypted. */
bool peers_engine_in_the_clear(const struct peers_engine *);

#endif
