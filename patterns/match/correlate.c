#include "patterns/match/correlate.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"

/* Longer names of hosts and users are nobody's: what has them is not kept. */
enum { NAMES_MAX = 1024 };

/* Whose line it is. */
struct key {
	const struct rule *rule;
	pid_t pid;
	const char *host, *program;
	size_t host_len, program_len;
};

/* A connect that waits for its login. */
struct pending {
	struct pending *chain;		/* next of this hash */
	struct pending *before, *after; /* in the order in which they came */
	struct key key;			/* its texts stand in bytes */
	struct addr addr;
	time_t when;
	bool doubtful;	 /* another came before it, from elsewhere */
	size_t user_len; /* the user stands behind the program */
	char bytes[];
};

struct correlate {
	uint64_t seed;
	size_t max, count, nheads; /* nheads: a power of two */
	struct pending **heads;
	struct pending *first, *last; /* the first goes first */
	struct pending *used;	      /* by the last login: its user is lent */
};

struct correlate *
correlate_new(size_t max)
{
	struct correlate *s = alloc_zero(1, sizeof(*s));

	assert(max > 0);
	s->seed = hash_seed();
	s->max = max;
	return s;
}

void
correlate_free(struct correlate **sp)
{
	struct correlate *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	correlate_clear(s);
	free(s);
}

void
correlate_clear(struct correlate *s)
{
	struct pending *p, *after;

	for (p = s->first; p != NULL; p = after) {
		after = p->after;
		free(p);
	}
	free(s->used);
	free(s->heads);
	s->heads = NULL;
	s->first = s->last = s->used = NULL;
	s->count = s->nheads = 0;
}

size_t
correlate_count(const struct correlate *s)
{
	return s->count;
}

static struct key
key_of(const struct logline *line, const struct rule *rule)
{
	return (struct key){.rule = rule,
			    .pid = line->pid,
			    .host = line->host_len > 0 ? line->host : "",
			    .host_len = line->host_len,
			    .program =
				line->program_len > 0 ? line->program : "",
			    .program_len = line->program_len};
}

static bool
key_equal(const struct key *a, const struct key *b)
{
	return a->pid == b->pid && a->rule == b->rule &&
	       a->host_len == b->host_len && a->program_len == b->program_len &&
	       memcmp(a->host, b->host, a->host_len) == 0 &&
	       memcmp(a->program, b->program, a->program_len) == 0;
}

static struct pending **
head_of(const struct correlate *s, const struct key *key)
{
	uint64_t hash = s->seed;

	hash = hash_bytes(hash, key->host, key->host_len);
	hash = hash_bytes(hash, key->program, key->program_len);
	hash = hash_bytes(hash, &key->rule, sizeof(key->rule));
	hash = hash_bytes(hash, &key->pid, sizeof(key->pid));
	return &s->heads[hash & (s->nheads - 1)];
}

static void
double_heads(struct correlate *s)
{
	struct pending *p, **head;

	free(s->heads);
	s->nheads = s->nheads == 0 ? 64 : s->nheads * 2;
	s->heads = alloc_zero(s->nheads, sizeof(struct pending *));
	for (p = s->first; p != NULL; p = p->after) {
		head = head_of(s, &p->key);
		p->chain = *head;
		*head = p;
	}
}

/* Takes the one with this key out: the caller's now. NULL: there is none. */
static struct pending *
take_out(struct correlate *s, const struct key *key)
{
	struct pending **link, *p;

	if (s->count == 0)
		return NULL;
	link = head_of(s, key);
	while (*link != NULL && !key_equal(&(*link)->key, key))
		link = &(*link)->chain;
	p = *link;
	if (p == NULL)
		return NULL;
	*link = p->chain;
	*(p->before ? &p->before->after : &s->first) = p->after;
	*(p->after ? &p->after->before : &s->last) = p->before;
	s->count--;
	return p;
}

static struct pending *
pending_new(const struct key *key, const struct match *match, time_t when)
{
	size_t names = key->host_len + key->program_len;
	struct pending *p =
	    alloc_zero(1, sizeof(*p) + names + match->user_len + 1);

	memcpy(p->bytes, key->host, key->host_len);
	memcpy(p->bytes + key->host_len, key->program, key->program_len);
	if (match->user_len > 0)
		memcpy(p->bytes + names, match->user, match->user_len);
	p->key = *key;
	p->key.host = p->bytes;
	p->key.program = p->bytes + key->host_len;
	p->user_len = match->user_len;
	p->addr = match->addr;
	p->when = when;
	return p;
}

static void
put_in(struct correlate *s, struct pending *p)
{
	struct pending **head;

	if (++s->count > s->nheads)
		double_heads(s);
	head = head_of(s, &p->key);
	p->chain = *head;
	*head = p;
	p->before = s->last;
	*(s->last ? &s->last->after : &s->first) = p;
	s->last = p;
}

static void
forget(struct correlate *s, const struct key *key)
{
	free(take_out(s, key));
}

/*
 * Whether one of two connects of a process may be a forgery. Only one whose
 * login could no longer be believed is known to be of another process; its
 * stamp is as doubtful as the rest, so this looks both ways, and further.
 */
static bool
is_doubtful(const struct pending *old, const struct match *match, time_t when)
{
	if (old == NULL || llabs((long long)when - old->when) >
			       CORRELATE_SECONDS + CORRELATE_STEP)
		return false;
	return old->doubtful || !addr_equal(&old->addr, &match->addr);
}

static int
on_connect(struct correlate *s, const struct key *key, const struct match *match,
	   time_t when)
{
	struct pending *p, *old = take_out(s, key);
	bool doubtful = is_doubtful(old, match, when);

	free(old);
	if (key->host_len + key->program_len + match->user_len > NAMES_MAX)
		return 0;
	if (s->count == s->max)
		forget(s, &s->first->key);
	p = pending_new(key, match, when);
	p->doubtful = doubtful;
	put_in(s, p);
	return 0;
}

static int
on_login(struct correlate *s, const struct key *key, struct match *match,
	 time_t when, struct err *err)
{
	struct pending *p = take_out(s, key);

	free(s->used);
	s->used = p;
	if (p == NULL || when - p->when > CORRELATE_SECONDS ||
	    p->when - when > CORRELATE_STEP)
		return 0;
	if (p->doubtful)
		return err_set(err,
			       "rule %s: two connects of one process, from two "
			       "addresses",
			       match->rule->name);
	if (match->addr.family != 0 && !addr_equal(&match->addr, &p->addr))
		return err_set(err,
			       "rule %s: login and connect name two addresses",
			       match->rule->name);
	match->addr = p->addr;
	if (match->user == NULL && p->user_len > 0) {
		match->user = p->key.program + p->key.program_len;
		match->user_len = p->user_len;
	}
	return 1;
}

int
correlate_join(struct correlate *s, const struct logline *line,
	      struct match *match, time_t when, struct err *err)
{
	struct key key = key_of(line, match->rule);

	if (line->pid == 0)
		return 0;
	switch (match->role) {
	case RULE_CONNECT:
		return on_connect(s, &key, match, when);
	case RULE_LOGIN:
		return on_login(s, &key, match, when, err);
	case RULE_END:
		forget(s, &key);
		return 0;
	default:
		return 0;
	}
}
