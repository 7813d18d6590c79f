#include "patterns/match/correlate.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"

/* Host, program and user of one connect. No login needs more, and what has more
 * is not kept. */
enum { NAMES_MAX = 1024, KEY_MAX = NAMES_MAX + 32 };

/* Rule, pid, host and program of a line, in a row. */
struct key {
	size_t len;
	char bytes[KEY_MAX];
};

/* A connect that waits for its login. */
struct pending {
	struct hashmap_key key;
	char *bytes; /* of the key, followed by the user */
	size_t user_len;
	struct addr addr;
	time_t when;
	bool doubtful; /* another came before it, from elsewhere */
};

struct correlate {
	size_t max;
	struct hashmap *pending; /* in the order in which they came */
	char *used;		 /* by the last login, which borrows the user */
};

struct correlate *
correlate_new(size_t max)
{
	struct correlate *c = alloc_zero(1, sizeof(*c));

	assert(max > 0);
	c->max = max;
	c->pending = hashmap_new(sizeof(struct pending), HASHMAP_KEY_OUTSIDE);
	return c;
}

void
correlate_free(struct correlate **c)
{
	if (*c == NULL)
		return;
	correlate_clear(*c);
	hashmap_free(&(*c)->pending);
	free(*c);
	*c = NULL;
}

void
correlate_clear(struct correlate *c)
{
	for (struct pending *p = hashmap_next(c->pending, NULL); p != NULL;
	     p = hashmap_next(c->pending, p))
		free(p->bytes);
	hashmap_clear(c->pending);
	free(c->used);
	c->used = NULL;
}

static void
add_part(struct key *key, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

/* False: it is longer than any that is kept. */
static bool
make_key(struct key *key, const struct logline *line, const struct rule *rule)
{
	key->len = 0;
	if (line->host_len + line->program_len > NAMES_MAX)
		return false;
	add_part(key, &rule, sizeof(rule));
	add_part(key, &line->pid, sizeof(line->pid));
	add_part(key, &line->host_len, sizeof(line->host_len));
	add_part(key, line->host, line->host_len);
	add_part(key, line->program, line->program_len);
	return true;
}

static struct pending *
find(const struct correlate *c, const struct key *key)
{
	return hashmap_find(c->pending,
			    &(struct hashmap_key){key->bytes, key->len});
}

static void
drop(struct correlate *c, struct pending *p)
{
	char *bytes;

	if (p == NULL)
		return;
	bytes = p->bytes;
	hashmap_remove(c->pending, p); /* it needs its key for that */
	free(bytes);
}

static struct pending *
add(struct correlate *c, const struct key *key, const struct match *match)
{
	char *bytes = alloc_resize(NULL, key->len + match->user_len, 1);
	struct pending *p;

	memcpy(bytes, key->bytes, key->len);
	if (match->user_len > 0)
		memcpy(bytes + key->len, match->user, match->user_len);
	p = hashmap_put(c->pending, &(struct hashmap_key){bytes, key->len});
	p->bytes = bytes;
	p->user_len = match->user_len;
	p->addr = match->addr;
	return p;
}

static const struct rule *
find_rule(const struct ruleset *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->list[i].name, name) == 0)
			return &set->list[i];
	return NULL;
}

void
correlate_carry(struct correlate *c, const struct correlate *from,
		const struct ruleset *set)
{
	struct pending *p = NULL, *copy;

	while ((p = hashmap_next(from->pending, p)) != NULL) {
		struct key key = {.len = p->key.len};
		struct match match = {.user = p->bytes + key.len,
				      .user_len = p->user_len,
				      .addr = p->addr};
		const struct rule *rule;

		memcpy(&rule, p->bytes, sizeof(rule));
		rule = find_rule(set, rule->name);
		if (rule == NULL)
			continue;
		memcpy(key.bytes, p->bytes, key.len);
		memcpy(key.bytes, &rule, sizeof(rule));
		copy = add(c, &key, &match);
		copy->when = p->when;
		copy->doubtful = p->doubtful;
	}
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
on_connect(struct correlate *c, const struct logline *line,
	   const struct key *key, const struct match *match, time_t when)
{
	struct pending *p = find(c, key);
	bool doubtful = is_doubtful(p, match, when);

	drop(c, p);
	if (line->host_len + line->program_len + match->user_len > NAMES_MAX)
		return 0;
	if (hashmap_count(c->pending) == c->max)
		drop(c, hashmap_next(c->pending, NULL));
	p = add(c, key, match);
	p->when = when;
	p->doubtful = doubtful;
	return 0;
}

/* Puts what the connect says into the match of the login. */
static int
join(const struct pending *p, struct match *match, time_t when, struct err *err)
{
	if (when - p->when > CORRELATE_SECONDS ||
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
		match->user = p->bytes + p->key.len;
		match->user_len = p->user_len;
	}
	return 1;
}

static int
on_login(struct correlate *c, const struct key *key, struct match *match,
	 time_t when, struct err *err)
{
	struct pending *p = find(c, key);
	int result;

	if (p == NULL)
		return 0;
	result = join(p, match, when, err);
	free(c->used);
	c->used = p->bytes;
	hashmap_remove(c->pending, p);
	return result;
}

int
correlate_join(struct correlate *c, const struct logline *line,
	       struct match *match, time_t when, struct err *err)
{
	struct key key;

	if (line->pid == 0 || !make_key(&key, line, match->rule))
		return 0;
	switch (match->role) {
	case RULE_CONNECT:
		return on_connect(c, line, &key, match, when);
	case RULE_LOGIN:
		return on_login(c, &key, match, when, err);
	case RULE_END:
		drop(c, find(c, &key));
		return 0;
	default:
		return 0;
	}
}
