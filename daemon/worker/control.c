#include "daemon/worker/control.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/listing.h"
#include "base/log.h"
#include "base/streamserver.h"
#include "daemon/table/authtab.h"

enum { WORDS_MAX = 4 };

struct control {
	struct authtab *table;
	struct control_ops ops;
	struct streamserver *server;
};

/* Each request writes its answer to a file. */
struct request {
	struct control *control;
	size_t nwords;
	char *words[WORDS_MAX];
	struct addr addr; /* words[1], if the verb takes one */
	uid_t uid;
};

/* Converts the expiry to wall clock time. A user whose own grant has expired is
 * left out, even if others keep the address authorized. */
static void
write_row(FILE *out, const struct authtab_row *row, const struct moment *now)
{
	char *names[AUTHTAB_USERS_MAX];
	struct listing listing = {
	    .addr = row->addr,
	    .when = row->when,
	    .expires = now->wall + (time_t)(row->expires - now->lifetime),
	    .users = {names, 0},
	    .rule = (char *)row->rule};

	for (size_t i = 0; i < row->nusers; i++)
		if (row->users[i].expires > now->lifetime)
			names[listing.users.count++] =
			    (char *)row->users[i].name;
	listing_write(out, &listing);
}

static void
answer_list(struct request *r, FILE *out)
{
	struct control *c = r->control;
	struct moment now = c->ops.now(c->ops.arg);
	struct authtab_row row;
	size_t at = 0;

	while (authtab_next(c->table, &at, &row))
		if (row.expires > now.lifetime)
			write_row(out, &row, &now);
	fputs("ok\n", out);
}

/* note: a line below the row, or NULL. */
static void
answer_row(struct request *r, const char *note, FILE *out)
{
	struct control *c = r->control;
	struct moment now = c->ops.now(c->ops.arg);
	struct authtab_row row;

	if (!authtab_get(c->table, &r->addr, &row) ||
	    row.expires <= now.lifetime) {
		fprintf(out, "no %s is not authorized\n", r->words[1]);
		return;
	}
	write_row(out, &row, &now);
	if (note != NULL)
		fprintf(out, "%s\n", note);
	fputs("ok\n", out);
}

static void
answer_show(struct request *r, FILE *out)
{
	answer_row(r, NULL, out);
}

/* An address that is authorized for longer already stays so. Returns
 * what else the client should know, or NULL. */
static const char *
grant(struct request *r, int64_t seconds, const char *user)
{
	struct control *c = r->control;
	struct moment now = c->ops.now(c->ops.arg);
	const struct authtab_login login = {
	    .addr = r->addr,
	    .user = user,
	    .user_len = user != NULL ? strlen(user) : 0,
	    .when = now.wall,
	    .expires = now.lifetime + seconds};
	struct authtab_row row;

	if (authtab_grant(c->table, &login, now.lifetime) < 0 ||
	    !authtab_get(c->table, &r->addr, &row))
		return NULL;
	log_info("granted %s for %llds by request of uid %lu", r->words[1],
		 (long long)(row.expires - now.lifetime),
		 (unsigned long)r->uid);
	return c->ops.added(c->ops.arg, &login, row.expires - now.lifetime);
}

static void
answer_add(struct request *r, FILE *out)
{
	struct control *c = r->control;
	const char *why = NULL, *note;
	char *user = NULL, *end;
	long long seconds = strtoll(r->words[2], &end, 10);

	if (!isdigit((unsigned char)*r->words[2]) || *end != '\0' ||
	    seconds > UINT32_MAX) {
		fputs("error not a number of seconds\n", out);
		return;
	}
	if (c->ops.refuse != NULL)
		why = c->ops.refuse(c->ops.arg, &r->addr);
	if (why != NULL) {
		fprintf(out, "no %s is never written: %s\n", r->words[1], why);
		return;
	}
	if (r->nwords > 3)
		user = listing_decode(r->words[3], strlen(r->words[3]));
	note = grant(r, seconds > 0 ? seconds : UINT32_MAX, user);
	free(user);
	answer_row(r, note, out);
}

static void
answer_remove(struct request *r, FILE *out)
{
	const char *note;

	if (!authtab_remove(r->control->table, &r->addr)) {
		fprintf(out, "no %s is not authorized\n", r->words[1]);
		return;
	}
	note = r->control->ops.removed(r->control->ops.arg, &r->addr);
	if (note != NULL)
		fprintf(out, "%s\n", note);
	fputs("ok\n", out);
}

static void
answer_status(struct request *r, FILE *out)
{
	struct control *c = r->control;

	c->ops.status(c->ops.arg, out);
	fputs("ok\n", out);
}

static void
answer_metrics(struct request *r, FILE *out)
{
	struct control *c = r->control;

	c->ops.metrics(c->ops.arg, out);
	fputs("ok\n", out);
}

static void
answer_events(struct request *r, FILE *out)
{
	struct control *c = r->control;
	char *end;
	unsigned long long since = strtoull(r->words[1], &end, 10);

	if (!isdigit((unsigned char)*r->words[1]) || *end != '\0') {
		fputs("error not the number of an event\n", out);
		return;
	}
	c->ops.events(c->ops.arg, since, out);
	fputs("ok\n", out);
}

static void
answer_peers(struct request *r, FILE *out)
{
	struct control *c = r->control;

	fputs(c->ops.peers(c->ops.arg, out)
		  ? "ok\n"
		  : "no peers: is not in the configuration\n",
	      out);
}

static const struct command {
	const char *name;
	size_t least, most; /* words, its own included */
	bool takes_address; /* as its second word */
	void (*answer)(struct request *, FILE *);
} commands[] = {
    {"list", 1, 1, false, answer_list},
    {"show", 2, 2, true, answer_show},
    {"add", 3, 4, true, answer_add},
    {"remove", 2, 2, true, answer_remove},
    {"status", 1, 1, false, answer_status},
    {"events", 2, 2, false, answer_events},
    {"metrics", 1, 1, false, answer_metrics},
    {"peers", 1, 1, false, answer_peers},
};

static void
split(struct request *r, char *line)
{
	char *at, *word;

	for (word = strtok_r(line, " ", &at); word != NULL;
	     word = strtok_r(NULL, " ", &at)) {
		if (r->nwords < WORDS_MAX)
			r->words[r->nwords] = word;
		r->nwords++;
	}
}

static void
answer(struct request *r, FILE *out)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *v = &commands[i];

		if (r->nwords < v->least || r->nwords > v->most ||
		    strcmp(r->words[0], v->name) != 0)
			continue;
		if (v->takes_address &&
		    addr_parse(&r->addr, r->words[1], strlen(r->words[1])) != 0)
			fputs("error not an address\n", out);
		else
			v->answer(r, out);
		return;
	}
	fputs("error unknown request\n", out);
}

/* The streamserver_fn: one line is the request; what follows it is ignored. */
static ssize_t
take_request(void *arg, struct stream *client, const char *bytes, size_t len)
{
	struct request r = {.control = arg, .uid = stream_uid(client)};
	const char *end = memchr(bytes, '\n', len);
	char *line, *text;
	size_t text_len;
	FILE *out;

	if (end == NULL)
		return 0;
	out = open_memstream(&text, &text_len);
	if (out == NULL)
		return -1;
	line = alloc_bytes(bytes, (size_t)(end - bytes));
	split(&r, line);
	answer(&r, out);
	free(line);
	fclose(out);
	stream_finish(client, text, text_len);
	return end + 1 - bytes;
}

struct control *
control_new(struct loop *loop, int fd, struct authtab *table,
	    const struct control_ops *ops, struct err *err)
{
	struct control *c = alloc_zero(1, sizeof(*c));

	c->table = table;
	c->ops = *ops;
	c->server = streamserver_adopt(loop, fd, CONTROL_CLIENTS_MAX,
				       CONTROL_REQUEST_MAX, take_request, c);
	if (streamserver_start(c->server, err) != 0)
		control_free(&c);
	return c;
}

void
control_free(struct control **control)
{
	if (*control == NULL)
		return;
	streamserver_close(&(*control)->server);
	free(*control);
	*control = NULL;
}
