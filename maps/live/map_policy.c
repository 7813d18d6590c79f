/*
 * policy: answers smtpd(8) with an action for each client, sender and
 * recipient; see SMTPD_POLICY_README. This file looks up the users of the
 * client's address in the table; maps/live/policy.h decides.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "maps/backends.h"
#include "maps/live/mapserver.h"
#include "maps/live/policy.h"
#include "maps/map.h"

enum { USERS_MAX = 64, ANSWER_MAX = 4096 + 32, SHOWN_MAX = 100 };

struct policy_map {
	struct mapserver server; /* first */
	struct policy *policy;
};

static const struct map_host *
host_of(const struct policy_map *pm)
{
	return pm->server.map.settings->host;
}

static void __attribute__((format(printf, 3, 4)))
report(const struct policy_map *pm, enum map_log_level level, const char *fmt,
       ...)
{
	const struct map_host *host = host_of(pm);
	char text[sizeof(struct err) + SHOWN_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	host->log(host->arg, level, text);
}

/* A changed file takes effect with the next request. */
static void
refresh(struct policy_map *pm)
{
	struct err err;
	int result = policy_refresh(pm->policy,
				    loop_clocks(host_of(pm)->loop).wall, &err);

	if (result < 0)
		report(pm, MAP_WARNING, "%s; using what was read before",
		       err.text);
	else if (result > 0)
		report(pm, MAP_INFO, "read sender_logins again: %zu sender%s",
		       policy_senders(pm->policy),
		       policy_senders(pm->policy) == 1 ? "" : "s");
}

/* ---- the users of an address ---- */

struct user_names {
	const char *names[USERS_MAX];
	char sasl_username[POLICY_VALUE_MAX + 1];
};

static void
get_users(struct policy_users *out, struct user_names *users,
	  const struct map_host *host, const struct policy_request *request)
{
	struct policy_text sasl = request->sasl_username;
	struct map_user user;
	time_t when;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	out->names = users->names;
	if (request->client.family == 0 ||
	    !host->lookup(host->arg, &request->client, &when))
		return;
	out->authorized = true;
	if (sasl.len > 0) { /* it is this user, whoever else has logged in */
		memcpy(users->sasl_username, sasl.text, sasl.len);
		users->sasl_username[sasl.len] = '\0';
		users->names[out->count++] = users->sasl_username;
		return;
	}
	while (out->count < USERS_MAX &&
	       host->next_user(host->arg, &request->client, &at, &user))
		users->names[out->count++] = user.name;
}

/* ---- one request ---- */

static void
log_answer(const struct policy_map *pm, const struct policy_request *request,
	   const struct policy_answer *answer)
{
	char client[ADDR_TEXT_MAX] = "unknown";
	int sender = request->sender.len < SHOWN_MAX ? (int)request->sender.len
						     : SHOWN_MAX;

	if (request->client.family != 0)
		addr_format(&request->client, client);
	report(
	    pm, MAP_DEBUG,
	    "policy %.60s client=%s user=%.*s recipients=%u sender=<%.*s>: %s",
	    answer->action, client, SHOWN_MAX,
	    answer->user != NULL ? answer->user : "-", request->recipient_count,
	    sender, request->sender.text != NULL ? request->sender.text : "",
	    answer->why);
}

static ssize_t
on_request(void *arg, struct stream *client, const char *bytes, size_t len)
{
	struct policy_map *pm = arg;
	const struct map_host *host = host_of(pm);
	struct policy_request request;
	struct policy_users who;
	struct policy_answer answer;
	struct user_names users;
	struct err err;
	char text[ANSWER_MAX];
	long taken = policy_request_parse(&request, bytes, len, &err);
	int size;

	if (taken < 0)
		report(pm, MAP_DEBUG, "policy: %s; connection closed",
		       err.text);
	if (taken <= 0)
		return taken;
	refresh(pm);
	get_users(&who, &users, host, &request);
	answer = policy_decide(pm->policy, &request, &who,
			       loop_clocks(host->loop).steady_ms / 1000);
	size = snprintf(text, sizeof(text), "action=%s\n\n", answer.action);
	stream_answer(client, text, (size_t)size);
	log_answer(pm, &request, &answer);
	return taken;
}

/* ---- the back end ---- */

static void
policy_map_close(struct map *map)
{
	struct policy_map *pm = (struct policy_map *)map;

	mapserver_close(&pm->server);
	policy_free(&pm->policy);
	free(pm);
}

static struct map *
policy_map_open(const char *name, const struct map_settings *settings,
		struct err *err)
{
	struct policy_map *pm;
	time_t now =
	    settings->host ? loop_clocks(settings->host->loop).wall : 0;

	if (settings->policy == NULL) {
		err_set(err, "it has no settings");
		return NULL;
	}
	pm = alloc_zero(1, sizeof(*pm));
	pm->policy = policy_new(settings->policy, now, err);
	if (pm->policy != NULL &&
	    mapserver_open(&pm->server, name, POLICY_REQUEST_MAX, on_request,
			   settings, err) == 0)
		return &pm->server.map;
	policy_free(&pm->policy);
	free(pm);
	return NULL;
}

static int
policy_map_change(struct map *map, const struct policy_settings *settings,
		  struct err *err)
{
	struct policy_map *pm = (struct policy_map *)map;

	return policy_change(pm->policy, settings,
			     loop_clocks(host_of(pm)->loop).wall, err);
}

const struct map_ops map_policy = {
    .type = "policy",
    .open = policy_map_open,
    .start = mapserver_start,
    .clear = mapserver_clear,
    .change = policy_map_change,
    .close = policy_map_close,
};
