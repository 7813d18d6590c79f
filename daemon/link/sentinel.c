#include "daemon/link/sentinel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/credentials.h"
#include "daemon/link/connection.h"
#include "daemon/link/engine.h"
#include "daemon/link/resp.h"

enum { PORT_MAX = 65535, HOST_MAX = 255 };

struct sentinel {
	struct loop *loop;
	const struct credentials *credentials;
	const struct peers_engine *engine;
	sentinel_fn *fn;
	void *arg;
	size_t next; /* which of engine->places to ask */
	struct connection_place place;
	struct connection *connection;
	bool greeted; /* it requires the password; waits for its reply to
		       * HELLO */
	struct err reason;
};

static void ask_next(struct sentinel *s);

/* ---- the question ---- */

static void
ask(struct sentinel *s)
{
	const char *words[] = {"SENTINEL", "get-master-addr-by-name",
			       s->engine->service};
	size_t lens[] = {strlen(words[0]), strlen(words[1]), strlen(words[2])};

	connection_expect(s->connection, ENGINE_ANSWER_MS);
	connection_send(s->connection, 3, words, lens);
}

static void
on_open(void *arg)
{
	ask(arg);
}

/* ---- the answer ---- */

static void
give_up(struct sentinel *s, const char *why)
{
	err_set(&s->reason, "sentinel %s:%u: %s", s->place.host, s->place.port,
		why);
	connection_free(&s->connection);
	ask_next(s);
}

/* A host and a port. */
static bool
is_master(const struct resp_value *value, uint16_t *port)
{
	unsigned long number;
	char *end;

	if (value->type != RESP_LIST || value->len != 2 ||
	    value->list[0]->type != RESP_TEXT ||
	    value->list[1]->type != RESP_TEXT || value->list[0]->len == 0 ||
	    value->list[0]->len > HOST_MAX ||
	    strlen(value->list[0]->text) != value->list[0]->len)
		return false;
	number = strtoul(value->list[1]->text, &end, 10);
	*port = (uint16_t)number;
	return *end == '\0' && number > 0 && number <= PORT_MAX;
}

static void
take_answer(struct sentinel *s, const struct resp_value *value)
{
	char text[160];
	uint16_t port;

	if (value->type == RESP_NIL) {
		give_up(s, "it knows no master by that name");
	} else if (value->type == RESP_ERROR) {
		give_up(s, log_printable(text, sizeof(text), value->text,
					 value->len));
	} else if (!is_master(value, &port)) {
		give_up(s, "invalid reply");
	} else {
		connection_free(&s->connection);
		s->fn(s->arg, value->list[0]->text, port, NULL);
	}
}

/* Most Sentinels have no password, and then refuse HELLO with AUTH. */
static void
on_reply(void *arg, struct resp_value *value)
{
	struct sentinel *s = arg;
	const struct credentials *credentials = s->credentials;

	if (s->greeted) {
		s->greeted = false;
		if (value->type == RESP_ERROR)
			take_answer(s, value);
		else
			ask(s);
	} else if (value->type == RESP_ERROR && credentials->password != NULL &&
		   engine_error_of(value->text) == ENGINE_NO_AUTH) {
		s->greeted = true;
		engine_hello(s->connection, credentials->peers->user,
			     credentials->password);
	} else {
		take_answer(s, value);
	}
}

static void
on_end(void *arg, enum connection_end end, const char *reason)
{
	(void)end;
	give_up(arg, reason);
}

static const struct connection_ops ops = {on_open, on_reply, on_end};

static void
ask_next(struct sentinel *s)
{
	const struct peers_place *to;

	if (s->next == s->engine->nplaces) {
		s->fn(s->arg, NULL, 0, s->reason.text);
		return;
	}
	to = &s->engine->places[s->next++];
	s->greeted = false;
	s->place = (struct connection_place){
	    .host = to->host,
	    .port = to->port,
	    .tls = s->engine->tls ? s->credentials->tls : NULL};
	s->connection = connection_new(s->loop, &s->place, &ops, s);
}

struct sentinel *
sentinel_ask(struct loop *loop, const struct credentials *credentials,
	     const struct peers_engine *engine, sentinel_fn *fn, void *arg)
{
	struct sentinel *s = alloc_zero(1, sizeof(*s));

	s->loop = loop;
	s->credentials = credentials;
	s->engine = engine;
	s->fn = fn;
	s->arg = arg;
	ask_next(s);
	return s;
}

void
sentinel_free(struct sentinel **s)
{
	if (*s == NULL)
		return;
	connection_free(&(*s)->connection);
	free(*s);
	*s = NULL;
}
