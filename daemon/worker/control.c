#include "daemon/worker/control.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/listing.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/unixsocket.h"
#include "daemon/table/authtab.h"

enum { WORDS_MAX = 4, BACKLOG = 16 };

struct client {
	struct control *control;
	int fd; /* -1 = free */
	struct timer *patience;
	char request[CONTROL_REQUEST_MAX];
	size_t len;
	char *answer; /* NULL while the request is read */
	size_t answer_len, sent;
};

struct control {
	struct loop *loop;
	struct authtab *table;
	struct control_ops ops;
	char *path;
	int fd;
	struct stat node; /* what we bound */
	bool full;	  /* as many clients as there may be */
	struct client clients[CONTROL_CLIENTS_MAX];
};

/* ---- the requests; each writes its answer to out ---- */

struct request {
	struct control *control;
	size_t nwords;
	char *words[WORDS_MAX];
	struct addr addr; /* words[1], if the verb takes one */
	uid_t uid;
};

/* The table counts on another clock than people do. Who logged in too long ago
 * is not authorized by others who did later. */
static void
write_row(FILE *out, const struct authtab_row *row, const struct moment *now)
{
	char *names[AUTHTAB_USERS_MAX];
	struct listing listing = {
	    .addr = row->addr,
	    .when = row->when,
	    .expires = now->wall + (time_t)(row->expires - now->lifetime),
	    .users = {names, 0}};

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

static void
answer_show(struct request *r, FILE *out)
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
	fputs("ok\n", out);
}

/* Nothing changes for one who is authorized for longer already. */
static void
grant(struct request *r, int64_t seconds, const char *user)
{
	struct control *c = r->control;
	struct moment now = c->ops.now(c->ops.arg);
	size_t len = user != NULL ? strlen(user) : 0;
	struct authtab_row row;

	if (authtab_grant(c->table, &r->addr, user, len, now.wall,
			  now.lifetime + seconds, now.lifetime) < 0 ||
	    !authtab_get(c->table, &r->addr, &row))
		return;
	log_info("granted %s for %llds by request of uid %lu", r->words[1],
		 (long long)(row.expires - now.lifetime),
		 (unsigned long)r->uid);
	c->ops.added(c->ops.arg);
}

static void
answer_add(struct request *r, FILE *out)
{
	struct control *c = r->control;
	const char *why = NULL;
	char *user = NULL, *end;
	long seconds = strtol(r->words[2], &end, 10);

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
	grant(r, seconds > 0 ? seconds : UINT32_MAX, user);
	free(user);
	answer_show(r, out);
}

static void
answer_remove(struct request *r, FILE *out)
{
	if (!authtab_remove(r->control->table, &r->addr)) {
		fprintf(out, "no %s is not authorized\n", r->words[1]);
		return;
	}
	fputs("ok\n", out);
}

static void
answer_status(struct request *r, FILE *out)
{
	struct control *c = r->control;

	c->ops.status(c->ops.arg, out);
	fputs("ok\n", out);
}

static const struct verb {
	const char *name;
	size_t least, most; /* words, its own included */
	void (*answer)(struct request *, FILE *);
} verbs[] = {
    {"list", 1, 1, answer_list},     {"show", 2, 2, answer_show},
    {"add", 3, 4, answer_add},	     {"remove", 2, 2, answer_remove},
    {"status", 1, 1, answer_status},
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
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *v = &verbs[i];

		if (r->nwords < v->least || r->nwords > v->most ||
		    strcmp(r->words[0], v->name) != 0)
			continue;
		if (v->least > 1 &&
		    addr_parse(&r->addr, r->words[1], strlen(r->words[1])) != 0)
			fputs("error not an address\n", out);
		else
			v->answer(r, out);
		return;
	}
	fputs("error unknown request\n", out);
}

/* ---- the clients ---- */

static void accept_clients(void *arg, uint32_t events);

static int
listen_on(struct control *c, struct err *err)
{
	return loop_watch(c->loop, c->fd, POLLIN, accept_clients, c, err);
}

static void
drop(struct client *client)
{
	struct control *c = client->control;
	struct err err;

	loop_unwatch(c->loop, client->fd);
	close(client->fd);
	client->fd = -1;
	timer_disarm(client->patience);
	free(client->answer);
	client->answer = NULL;
	if (c->full && listen_on(c, &err) != 0)
		log_error("%s: %s", c->path, err.text);
	c->full = false;
}

static void
lose_patience(void *arg)
{
	drop(arg);
}

static void
send_answer(struct client *client)
{
	while (client->sent < client->answer_len) {
		ssize_t n =
		    send(client->fd, client->answer + client->sent,
			 client->answer_len - client->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;
		client->sent += (size_t)n;
		timer_arm(client->patience, CTLSOCKET_PATIENCE_MS);
	}
	drop(client);
}

static void
take_request(struct client *client)
{
	struct request r = {.control = client->control, .uid = (uid_t)-1};
	struct ucred peer;
	socklen_t len = sizeof(peer);
	FILE *out = open_memstream(&client->answer, &client->answer_len);

	if (out == NULL) {
		drop(client);
		return;
	}
	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		r.uid = peer.uid;
	split(&r, client->request);
	answer(&r, out);
	fclose(out);
	client->sent = 0;
}

/* Takes what has come. 1: the request is whole, 0: not yet, -1: gone. */
static int
read_request(struct client *client)
{
	size_t room = sizeof(client->request) - client->len;
	ssize_t n = recv(client->fd, client->request + client->len, room, 0);
	char *end;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	end = memchr(client->request + client->len, '\n', (size_t)n);
	client->len += (size_t)n;
	if (end != NULL) {
		*end = '\0';
		return 1;
	}
	return client->len < sizeof(client->request) ? 0 : -1;
}

static void
serve(void *arg, uint32_t events)
{
	struct client *client = arg;
	struct control *c = client->control;
	struct err err;
	int whole;

	(void)events;
	if (client->answer != NULL) {
		send_answer(client);
		return;
	}
	whole = read_request(client);
	if (whole < 0)
		drop(client);
	if (whole <= 0)
		return;
	take_request(client);
	if (client->fd < 0)
		return;
	loop_unwatch(c->loop, client->fd);
	if (loop_watch(c->loop, client->fd, POLLOUT, serve, client, &err) != 0)
		log_error("%s: %s", c->path, err.text);
}

static struct client *
free_client(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	return NULL;
}

static void
accept_clients(void *arg, uint32_t events)
{
	struct control *c = arg;
	struct client *client = free_client(c);
	struct err err;

	(void)events;
	if (client == NULL) {
		c->full = true;
		loop_unwatch(c->loop, c->fd);
		return;
	}
	client->fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client->fd < 0)
		return;
	client->len = 0;
	timer_arm(client->patience, CTLSOCKET_PATIENCE_MS);
	if (loop_watch(c->loop, client->fd, POLLIN, serve, client, &err) != 0)
		drop(client);
}

/* ---- life cycle ---- */

static struct control *
prepare(struct loop *loop, const char *path, struct authtab *table,
	const struct control_ops *ops)
{
	struct control *c = alloc_zero(1, sizeof(*c));

	c->loop = loop;
	c->table = table;
	c->ops = *ops;
	c->path = alloc_string(path);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		c->clients[i].control = c;
		c->clients[i].fd = -1;
		c->clients[i].patience =
		    timer_new(loop, lose_patience, &c->clients[i]);
	}
	return c;
}

struct control *
control_new(struct loop *loop, const char *path, struct authtab *table,
	    const struct control_ops *ops, struct err *err)
{
	struct control *c = prepare(loop, path, table, ops);

	c->fd = unixsocket_listen(path, 0600, BACKLOG, &c->node, err);
	if (c->fd < 0 || listen_on(c, err) != 0)
		control_free(&c);
	return c;
}

struct control *
control_adopt(struct loop *loop, int fd, struct authtab *table,
	      const struct control_ops *ops, struct err *err)
{
	struct control *c = prepare(loop, "control socket", table, ops);

	c->fd = fd;
	if (listen_on(c, err) != 0)
		control_free(&c);
	return c;
}

void
control_free(struct control **control)
{
	struct control *c = *control;

	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
		timer_free(&c->clients[i].patience);
	}
	if (c->fd >= 0) {
		loop_unwatch(c->loop, c->fd);
		unixsocket_remove(c->path, &c->node);
		close(c->fd);
	}
	free(c->path);
	free(c);
	*control = NULL;
}
