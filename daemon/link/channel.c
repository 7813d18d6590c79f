#include "daemon/link/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/credentials.h"
#include "daemon/link/connection.h"
#include "daemon/link/engine.h"
#include "daemon/link/reports.h"
#include "daemon/link/resp.h"
#include "daemon/link/sentinel.h"

enum { PROTOCOL_MS = 10 * 1000, PERMANENT_MS = 60 * 1000 };

enum phase { DOWN, ASKING, CONNECTING, GREETING, READY };

struct channel {
	struct loop *loop;
	const struct credentials *credentials;
	enum ipc_link_channel which;
	struct reports *reports;
	const struct channel_ops *ops;
	void *arg;
	bool wanted;
	enum phase phase;
	bool usable, works; /* since it became ready */
	size_t at;	    /* the index of the configured engine */
	size_t rounds;	    /* of attempts at all of them, without success */
	int64_t pause_ms;   /* the longest required by a failure in this
			     * round */
	struct timer *retry;
	struct sentinel *sentinel;
	char *master; /* named by Sentinel; else NULL */
	struct connection_place place;
	struct connection *connection;
	struct engine_greeting greeting;
};

static void attempt(struct channel *c);

static const struct peers_engine *
engine_at(const struct channel *c)
{
	return &c->credentials->peers->engines[c->at];
}

/* ---- its end ---- */

static void
close_all(struct channel *c)
{
	sentinel_free(&c->sentinel);
	connection_free(&c->connection);
	free(c->master);
	c->master = NULL;
}

static void
be_down(struct channel *c, bool malformed)
{
	bool was_ready = c->phase == READY;

	close_all(c);
	c->phase = DOWN;
	c->usable = c->works = false;
	if (was_ready)
		c->ops->lost(c->arg, malformed);
}

/* A quarter of it is random, so that hosts that have lost the same engine do
 * not all reconnect at once. */
static int64_t
pause_of(const struct channel *c)
{
	static const int64_t pauses[] = {250, 500, 1000, 2000};
	const size_t last = sizeof(pauses) / sizeof(pauses[0]) - 1;
	int64_t ms = pauses[c->rounds < last ? c->rounds : last];

	if (c->pause_ms > ms)
		ms = c->pause_ms;
	return ms - ms / 4 + (int64_t)(hash_seed() % (uint64_t)(ms / 4));
}

/* Moves on to the next engine, or pauses after the last one. After a connection
 * that worked, starts again from the top of the list. */
static void
plan_attempt(struct channel *c, bool worked)
{
	if (worked) {
		c->at = c->credentials->peers->nengines - 1;
		c->rounds = 0;
	}
	if (++c->at < c->credentials->peers->nengines) {
		timer_arm(c->retry, 0);
		return;
	}
	timer_arm(c->retry, pause_of(c));
	c->at = 0;
	c->pause_ms = 0;
	c->rounds++;
}

static char *
described(const struct channel *c)
{
	const char *engine = engine_at(c)->text;

	if (c->master != NULL)
		return alloc_format("%s:%s:%u, named by %s",
				    c->place.tls != NULL ? "tls" : "inet",
				    c->master, c->place.port, engine);
	return alloc_string(engine);
}

void
channel_fail(struct channel *c, enum channel_trouble trouble, const char *text)
{
	static const int64_t pauses[] = {[CHANNEL_TRANSIENT] = 0,
					 [CHANNEL_PROTOCOL] = PROTOCOL_MS,
					 [CHANNEL_PERMANENT] = PERMANENT_MS};
	char *place = described(c), *whole;
	bool worked = c->works;

	whole = alloc_format("%s: %s", place, text);
	if (pauses[trouble] > c->pause_ms)
		c->pause_ms = pauses[trouble];
	if (trouble == CHANNEL_PERMANENT)
		reports_tell(c->reports, c->which, IPC_LINK_ERROR, whole);
	reports_tell(c->reports, c->which, IPC_LINK_LOST, whole);
	free(whole);
	free(place);
	be_down(c, trouble == CHANNEL_PROTOCOL);
	plan_attempt(c, worked);
}

static void
fail_as_refused(struct channel *c, enum engine_error error, const char *text)
{
	bool later = error == ENGINE_LATER || error == ENGINE_NOT_MASTER;

	channel_fail(c, later ? CHANNEL_TRANSIENT : CHANNEL_PERMANENT, text);
}

void
channel_refused(struct channel *c, const struct resp_value *value,
		enum engine_command command, const char *key)
{
	enum engine_error error = engine_error_of(value->text);
	char *what = engine_command_text(command, key);
	char *rule =
	    engine_command_rule(command, key, c->which == IPC_LINK_WRITER);
	char words[200], *text;

	log_printable(words, sizeof(words), value->text, value->len);
	if (error == ENGINE_FORBIDDEN)
		text = alloc_format("%s: %s; the ACL must allow %s", what,
				    words, rule);
	else if (error == ENGINE_CLUSTER)
		text = alloc_format("%s: cluster mode is not supported; use "
				    "one engine, or Sentinel",
				    words);
	else
		text = alloc_string(words);
	fail_as_refused(c, error, text);
	free(text);
	free(rule);
	free(what);
}

/* ---- greeting ---- */

/* Why this engine cannot be used; NULL: it can. */
static const char *
objection(const struct channel *c)
{
	if (c->greeting.sentinel)
		return "it is a Sentinel: write sentinel:NAME@HOST:PORT";
	if (c->greeting.cluster)
		return "cluster mode is not supported; use one engine, or "
		       "Sentinel";
	return NULL;
}

static void
greeting_refused(struct channel *c, const struct resp_value *value)
{
	char words[200], *text;

	log_printable(words, sizeof(words), value->text, value->len);
	text = credentials_refused(c->credentials, words);
	fail_as_refused(c, engine_error_of(value->text), text);
	free(text);
}

static void
take_greeting(struct channel *c, const struct resp_value *value)
{
	if (value->type == RESP_ERROR) {
		greeting_refused(c, value);
	} else if (engine_read_greeting(value, &c->greeting) != 0) {
		channel_fail(c, CHANNEL_PROTOCOL, "invalid reply to HELLO");
	} else if (objection(c) != NULL) {
		channel_fail(c, CHANNEL_PERMANENT, objection(c));
	} else if (!c->greeting.master && c->which == IPC_LINK_WRITER) {
		channel_fail(c, CHANNEL_TRANSIENT,
			     "it is a replica, which accepts no writes");
	} else {
		c->phase = READY;
		c->ops->ready(c->arg, c->connection);
	}
}

static void
on_reply(void *arg, struct resp_value *value)
{
	struct channel *c = arg;

	if (c->phase == GREETING)
		take_greeting(c, value);
	else
		c->ops->reply(c->arg, value);
}

static void
on_open(void *arg)
{
	struct channel *c = arg;

	c->phase = GREETING;
	connection_expect(c->connection, ENGINE_ANSWER_MS);
	engine_hello(c->connection, c->credentials->peers->user,
		     c->credentials->password);
}

static void
on_end(void *arg, enum connection_end end, const char *reason)
{
	static const enum channel_trouble troubles[] = {
	    [CONNECTION_LOST] = CHANNEL_TRANSIENT,
	    [CONNECTION_CERTIFICATE] = CHANNEL_PERMANENT,
	    [CONNECTION_PROTOCOL] = CHANNEL_PROTOCOL};

	channel_fail(arg, troubles[end], reason);
}

/* ---- connecting ---- */

static const struct connection_ops ops = {on_open, on_reply, on_end};

static void
connect_to(struct channel *c, const char *host, uint16_t port)
{
	const struct peers_engine *engine = engine_at(c);

	c->place = (struct connection_place){
	    .path = engine->path,
	    .host = host,
	    .port = port,
	    .tls = engine->tls ? c->credentials->tls : NULL};
	c->phase = CONNECTING;
	c->connection = connection_new(c->loop, &c->place, &ops, c);
}

static void
on_master(void *arg, const char *host, uint16_t port, const char *reason)
{
	struct channel *c = arg;

	if (host == NULL) {
		channel_fail(c, CHANNEL_TRANSIENT, reason);
		return;
	}
	c->master = alloc_string(host);
	connect_to(c, c->master, port);
}

static void
attempt(struct channel *c)
{
	const struct peers_engine *engine = engine_at(c);

	if (engine->kind == PEERS_SENTINEL) {
		c->phase = ASKING;
		sentinel_free(&c->sentinel);
		c->sentinel =
		    sentinel_ask(c->loop, c->credentials, engine, on_master, c);
	} else if (engine->kind == PEERS_UNIX) {
		connect_to(c, NULL, 0);
	} else {
		connect_to(c, engine->places[0].host, engine->places[0].port);
	}
}

static void
on_retry(void *arg)
{
	attempt(arg);
}

void
channel_want(struct channel *c, bool wanted)
{
	if (wanted == c->wanted)
		return;
	c->wanted = wanted;
	reports_want(c->reports, c->which, wanted);
	timer_disarm(c->retry);
	if (wanted)
		attempt(c);
	else
		be_down(c, false);
}

void
channel_again(struct channel *c)
{
	if (!c->wanted)
		return;
	be_down(c, false);
	c->at = c->rounds = 0;
	c->pause_ms = 0;
	timer_arm(c->retry, 0);
}

void
channel_usable(struct channel *c)
{
	char *place, *text;

	if (c->usable)
		return;
	c->usable = true;
	place = described(c);
	text = alloc_format("%s (%s, %s)", place, c->greeting.server,
			    c->greeting.master ? "master" : "replica");
	reports_tell(c->reports, c->which, IPC_LINK_CONNECTED, text);
	free(text);
	free(place);
}

void
channel_works(struct channel *c, bool entirely)
{
	channel_usable(c);
	c->works = true;
	if (entirely)
		reports_works(c->reports, c->which);
}

struct channel *
channel_new(struct loop *loop, const struct credentials *credentials,
	    enum ipc_link_channel which, struct reports *reports,
	    const struct channel_ops *channel_ops, void *arg)
{
	struct channel *c = alloc_zero(1, sizeof(*c));

	c->loop = loop;
	c->credentials = credentials;
	c->which = which;
	c->reports = reports;
	c->ops = channel_ops;
	c->arg = arg;
	c->retry = timer_new(loop, on_retry, c);
	return c;
}

void
channel_free(struct channel **c)
{
	if (*c == NULL)
		return;
	close_all(*c);
	timer_free(&(*c)->retry);
	free(*c);
	*c = NULL;
}
