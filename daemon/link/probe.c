#include "daemon/link/probe.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/credentials.h"
#include "daemon/link/connection.h"
#include "daemon/link/engine.h"
#include "daemon/link/resp.h"
#include "daemon/link/sentinel.h"

struct trial {
	enum engine_command command;
	char key[IPC_LINK_KEY_MAX + 1];
};

struct probe {
	struct loop *loop;
	const struct peers_conf *peers;
	struct credentials credentials;
	probe_fn *fn;
	void *arg;
	size_t next; /* the engine to try after this one */
	struct sentinel *sentinel;
	char *master; /* named by Sentinel */
	struct connection_place place;
	struct connection *connection;
	struct engine_greeting greeting;
	bool greeted;
	size_t at, count; /* number of trials at this engine */
	struct trial trials[3 + 2 * PEERS_HOSTS_MAX];
	bool all;	    /* this engine has permitted all so far */
	bool writes, reads; /* an engine permits that */
};

static void try_engine(struct probe *p);

/* ---- what is tried ---- */

static void
add_trial(struct probe *p, enum engine_command command, const char *name)
{
	struct trial *trial = &p->trials[p->count++];

	trial->command = command;
	snprintf(trial->key, sizeof(trial->key), "%s:%s", p->peers->prefix,
		 name);
}

/* A replica can only be read. */
static void
list_trials(struct probe *p)
{
	p->count = p->at = 0;
	if (p->peers->name != NULL && p->greeting.master) {
		add_trial(p, ENGINE_XINFO, p->peers->name);
		add_trial(p, ENGINE_XADD, p->peers->name);
		add_trial(p, ENGINE_XTRIM, p->peers->name);
	}
	for (size_t i = 0; i < p->peers->nhosts; i++) {
		add_trial(p, ENGINE_XINFO, p->peers->hosts[i].name);
		add_trial(p, ENGINE_XREAD, p->peers->hosts[i].name);
	}
}

static const struct peers_engine *
engine_of(const struct probe *p)
{
	return &p->peers->engines[p->next - 1];
}

static void
leave_engine(struct probe *p)
{
	connection_free(&p->connection);
	free(p->master);
	p->master = NULL;
	if (p->next < p->peers->nengines)
		try_engine(p);
	else
		loop_stop(p->loop, 0);
}

/* None of these can change anything: no entry can be added with the lowest id,
 * which a stream with entries is past, and there are none before it to trim. */
static void
ask(struct probe *p)
{
	static const struct streamid lowest = {0, 1};
	static const struct streamid highest = {UINT64_MAX, UINT64_MAX};
	const struct trial *trial = &p->trials[p->at];
	const char *key = trial->key;
	const struct engine_addition addition = {
	    .key = key, .id = lowest, .payload = "", .signature = ""};

	if (p->at == p->count) {
		p->writes = p->writes || (p->all && p->greeting.master);
		p->reads = p->reads || p->all;
		leave_engine(p);
	} else if (trial->command == ENGINE_XINFO) {
		engine_info(p->connection, key);
	} else if (trial->command == ENGINE_XADD) {
		engine_append(p->connection, &addition);
	} else if (trial->command == ENGINE_XTRIM) {
		engine_trim(p->connection, key, lowest);
	} else {
		engine_read(p->connection, &key, &highest, 1, false);
	}
}

/* ---- answers ---- */

static bool
is_good(const struct trial *trial, const struct resp_value *value)
{
	enum engine_error error;

	if (value->type != RESP_ERROR)
		return true;
	error = engine_error_of(value->text);
	return (error == ENGINE_NO_KEY && trial->command == ENGINE_XINFO) ||
	       (error == ENGINE_SMALLER && trial->command == ENGINE_XADD);
}

/* The missing rule, in the syntax of ACL SETUSER; for free(3). */
static char *
needed(const struct probe *p, const struct trial *trial)
{
	const char *host = strchr(trial->key, ':') + 1;

	return engine_command_rule(trial->command, trial->key,
				   p->peers->name != NULL &&
				       strcmp(host, p->peers->name) == 0);
}

static void
judge(struct probe *p, const struct trial *trial,
      const struct resp_value *value)
{
	char *what = engine_command_text(trial->command, trial->key);
	char *rule = needed(p, trial), *why;
	char words[200];

	if (is_good(trial, value)) {
		p->fn(p->arg, true, what, "");
	} else {
		log_printable(words, sizeof(words), value->text, value->len);
		why =
		    engine_error_of(value->text) == ENGINE_FORBIDDEN
			? alloc_format("%s; the ACL must allow %s", words, rule)
			: alloc_string(words);
		p->all = false;
		p->fn(p->arg, false, what, why);
		free(why);
	}
	free(rule);
	free(what);
}

static void
fail(struct probe *p, const char *why)
{
	p->fn(p->arg, false, engine_of(p)->text, why);
	leave_engine(p);
}

static void
take_greeting(struct probe *p, const struct resp_value *value)
{
	char words[200], *why;

	if (value->type == RESP_ERROR) {
		why = credentials_refused(
		    &p->credentials, log_printable(words, sizeof(words),
						   value->text, value->len));
		fail(p, why);
		free(why);
		return;
	}
	if (engine_read_greeting(value, &p->greeting) != 0 ||
	    p->greeting.sentinel || p->greeting.cluster) {
		fail(p, p->greeting.cluster    ? "cluster mode is not supported"
			: p->greeting.sentinel ? "it is a Sentinel"
					       : "invalid reply to HELLO");
		return;
	}
	p->greeted = p->all = true;
	why =
	    alloc_format("%s, %s", p->greeting.server,
			 p->greeting.master ? "master" : "replica: read-only");
	p->fn(p->arg, true, engine_of(p)->text, why);
	free(why);
	list_trials(p);
	ask(p);
}

static void
on_reply(void *arg, struct resp_value *value)
{
	struct probe *p = arg;

	if (!p->greeted) {
		take_greeting(p, value);
		return;
	}
	judge(p, &p->trials[p->at++], value);
	ask(p);
}

static void
on_open(void *arg)
{
	struct probe *p = arg;

	connection_expect(p->connection, ENGINE_ANSWER_MS);
	engine_hello(p->connection, p->peers->user, p->credentials.password);
}

static void
on_end(void *arg, enum connection_end end, const char *reason)
{
	(void)end;
	fail(arg, reason);
}

/* ---- engines ---- */

static void
connect_to(struct probe *p, const char *host, uint16_t port)
{
	static const struct connection_ops ops = {on_open, on_reply, on_end};
	const struct peers_engine *engine = engine_of(p);

	p->greeted = false;
	p->place = (struct connection_place){
	    .path = engine->path,
	    .host = host,
	    .port = port,
	    .tls = engine->tls ? p->credentials.tls : NULL};
	p->connection = connection_new(p->loop, &p->place, &ops, p);
}

static void
on_master(void *arg, const char *host, uint16_t port, const char *reason)
{
	struct probe *p = arg;

	if (host == NULL) {
		fail(p, reason);
		return;
	}
	p->master = alloc_string(host);
	connect_to(p, p->master, port);
}

static void
try_engine(struct probe *p)
{
	const struct peers_engine *engine = &p->peers->engines[p->next++];

	sentinel_free(&p->sentinel);
	if (engine->kind == PEERS_SENTINEL)
		p->sentinel = sentinel_ask(p->loop, &p->credentials, engine,
					   on_master, p);
	else if (engine->kind == PEERS_UNIX)
		connect_to(p, NULL, 0);
	else
		connect_to(p, engine->places[0].host, engine->places[0].port);
}

int
probe_run(const struct peers_conf *peers, probe_fn *fn, void *arg,
	  struct err *err)
{
	struct probe p = {.peers = peers, .fn = fn, .arg = arg};
	int code = -1;

	if (credentials_open(&p.credentials, peers, err) != 0)
		return -1;
	p.loop = loop_new(err);
	if (p.loop != NULL) {
		try_engine(&p);
		code = loop_run(p.loop, err);
		sentinel_free(&p.sentinel);
		loop_free(&p.loop);
	}
	credentials_close(&p.credentials);
	if (code < 0)
		return -1;
	return (peers->name == NULL || p.writes) &&
	       (peers->nhosts == 0 || p.reads);
}
