#include "daemon/pipeline/mynetworks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/readfile.h"
#include "daemon/conf/postfix_name.h"
#include "daemon/sys/helper.h"

enum {
	POSTCONF_MS = 10 * 1000,
	POSTMAP_MS = 1000,    /* no log is read meanwhile */
	POSTMAP_FAILURES = 3, /* in a row, and a table is given up */
	ENTRIES_MAX = 10000,
	DEPTH_MAX = 8,		/* of files that name files */
	FILE_MAX = 1024 * 1024, /* bytes of one */
	CACHE_SIZE = 65536,	/* answers, if there are tables */
	ANSWER_SECONDS = 300,	/* an answer is used for so long */
	RETRY_SECONDS = 60,	/* after a failure */
};

static const char separators[] = " \t\r\n,";
static const char *const networks_command[] = {"postconf", "-x", "-h",
					       "mynetworks", NULL};

struct mynetworks_entry {
	char *text;
	struct cidr net;
	bool negated;
	bool is_table;
	int failures;  /* of postmap for this table, in a row */
	int64_t retry; /* after too many: when it is asked again */
};

/* The answer for one address. */
struct answer {
	struct addr addr;
	uint32_t found;	 /* the number of the entry, from 1; 0: none */
	int64_t expires; /* seconds, on the caller's clock */
};

/* What postconf and the files that it named have said. */
struct networks {
	struct mynetworks_entry *entries;
	size_t count, ntables;
	struct cidr_firsts firsts; /* of those that are no tables */
	bool full; /* ENTRIES_MAX was reached, and logged */
};

struct mynetworks {
	struct helper *helper;
	struct strings own;
	struct networks list;
	bool asked;	      /* with success, so the list is what it said */
	int64_t retry;	      /* else: when to ask again */
	struct answer *cache; /* NULL until a table is asked */
	uint64_t seed;
};

static void add_list(struct mynetworks *, char *list, bool negated, int depth);

static void
free_list(struct networks *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i].text);
	free(list->entries);
	*list = (struct networks){0};
}

void
mynetworks_free(struct mynetworks **mynetworks)
{
	struct mynetworks *m = *mynetworks;

	if (m == NULL)
		return;
	free_list(&m->list);
	strings_clear(&m->own);
	free(m->cache);
	free(m);
	*mynetworks = NULL;
}

/* ---- reading the list ---- */

static struct mynetworks_entry *
add_entry(struct mynetworks *m, const char *text, bool negated)
{
	struct mynetworks_entry *e;

	if (m->list.count == ENTRIES_MAX) {
		if (!m->list.full)
			log_warning("mynetworks: more than %d entries; '%s' "
				    "and what follows is skipped",
				    ENTRIES_MAX, text);
		m->list.full = true;
		return NULL;
	}
	m->list.entries = alloc_resize(m->list.entries, m->list.count + 1,
				       sizeof(*m->list.entries));
	e = &m->list.entries[m->list.count++];
	memset(e, 0, sizeof(*e));
	e->text = alloc_string(text);
	e->negated = negated;
	return e;
}

/* Administrators put our own map into mynetworks. If we asked it, a client that
 * has been authorized once could not be renewed, and a server that asks itself
 * waits for its own answer. */
static bool
is_own_map(const struct mynetworks *m, const char *table)
{
	for (size_t i = 0; i < m->own.count; i++)
		if (postfix_name_is(m->own.list[i], table))
			return true;
	return false;
}

static void
add_table(struct mynetworks *m, const char *table, bool negated)
{
	struct mynetworks_entry *e;

	if (is_own_map(m, table)) {
		log_debug("mynetworks: %s is our own map", table);
		return;
	}
	e = add_entry(m, table, negated);
	if (e == NULL)
		return;
	e->is_table = true;
	m->list.ntables++;
}

/* Blanks out comments: lines that begin with '#'. */
static void
drop_comments(char *text)
{
	char *line = text, *end;

	for (; *line != '\0'; line = end) {
		size_t space = strspn(line, " \t");
		bool comment = line[space] == '#';

		end = line + strcspn(line, "\n");
		if (comment)
			memset(line, ' ', (size_t)(end - line));
		if (*end == '\n')
			end++;
	}
}

static void
add_file(struct mynetworks *m, const char *path, bool negated, int depth)
{
	struct err err;
	char *text;
	size_t len;

	if (depth == DEPTH_MAX) {
		log_warning("mynetworks: %s: files name files more than %d "
			    "deep; skipped",
			    path, DEPTH_MAX);
		return;
	}
	text = readfile(path, FILE_MAX, &len, &err);
	if (text == NULL) {
		log_warning("mynetworks: %s; skipped", err.text);
		return;
	}
	drop_comments(text);
	add_list(m, text, negated, depth + 1);
	free(text);
}

static void
add_network(struct mynetworks *m, const char *text, const struct cidr *net,
	    bool negated)
{
	struct mynetworks_entry *e = add_entry(m, text, negated);

	if (e == NULL)
		return;
	e->net = *net;
	cidr_firsts_add(&m->list.firsts, net);
}

/* As in "hash:/etc/postfix/nets". */
static bool
is_table(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz");

	return len > 0 && word[len] == ':' && word[len + 1] != '\0';
}

static void
add_word(struct mynetworks *m, const char *word, bool negated, int depth)
{
	struct cidr net;

	for (; *word == '!'; word++)
		negated = !negated;
	if (*word == '/')
		add_file(m, word, negated, depth);
	else if (cidr_parse(&net, word, strlen(word)) == 0)
		add_network(m, word, &net, negated);
	else if (is_table(word))
		add_table(m, word, negated);
	else
		log_warning("mynetworks: '%s' is neither address nor network "
			    "nor table; skipped",
			    word);
}

static void
add_list(struct mynetworks *m, char *list, bool negated, int depth)
{
	char *at, *word;

	for (word = strtok_r(list, separators, &at); word != NULL;
	     word = strtok_r(NULL, separators, &at))
		add_word(m, word, negated, depth);
}

/* The reason why a command that ran has failed. */
static const char *
explain_exit(struct err *err, int code, const char *output)
{
	char why[256];

	log_printable(why, sizeof(why), output, strlen(output));
	err_set(err, "exit %d%s%s", code, *why != '\0' ? ": " : "", why);
	return err->text;
}

/* The number of the entry of the new list that is the same table, counted from 1.
 * Returns 0 if the list has no such entry. */
static uint32_t
find_table(const struct networks *list, const struct mynetworks_entry *entry)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct mynetworks_entry *e = &list->entries[i];

		if (e->is_table && e->negated == entry->negated &&
		    strcmp(e->text, entry->text) == 0)
			return i + 1;
	}
	return 0;
}

/* The answers of the old list's tables become the last known answers of the
 * same tables in m's list. They are asked again when they are needed. */
static void
carry_answers(struct mynetworks *m, const struct networks *old)
{
	uint32_t *numbers = alloc_zero(old->count + 1, sizeof(*numbers));

	for (size_t i = 0; i < old->count; i++)
		if (old->entries[i].is_table)
			numbers[i + 1] = find_table(&m->list, &old->entries[i]);
	for (size_t i = 0; m->cache != NULL && i < CACHE_SIZE; i++) {
		m->cache[i].found = numbers[m->cache[i].found];
		m->cache[i].expires = 0;
	}
	free(numbers);
}

/* Replaces the list if postconf answers. A failure is logged if it is the
 * first. */
static void
ask_postconf(struct mynetworks *m, bool first)
{
	struct networks old = m->list;
	struct err err;
	char *answer;
	int code =
	    helper_run(m->helper, networks_command, POSTCONF_MS, &answer, &err);

	if (code == 0) {
		m->list = (struct networks){0};
		m->asked = true;
		add_list(m, answer, false, 0);
		carry_answers(m, &old);
		free_list(&old);
	} else if (first && code < 0) {
		log_info("mynetworks not asked: %s", err.text);
	} else if (first) {
		log_warning("postconf -x -h mynetworks failed (%s); until it "
			    "works, logins from mynetworks count; see pbsctl "
			    "doctor",
			    explain_exit(&err, code, answer));
	}
	free(answer);
}

struct mynetworks *
mynetworks_new(const struct strings *own, struct helper *helper)
{
	struct mynetworks *m = alloc_zero(1, sizeof(*m));

	for (size_t i = 0; i < own->count; i++)
		strings_add(&m->own, own->list[i]);
	m->helper = helper;
	m->seed = hash_seed();
	ask_postconf(m, true);
	return m;
}

void
mynetworks_carry(struct mynetworks *m, struct mynetworks *old)
{
	struct networks list = m->list;

	free(m->cache);
	m->cache = old->cache;
	m->seed = old->seed;
	old->cache = NULL;
	if (m->asked) {
		carry_answers(m, &old->list);
		return;
	}
	m->list = old->list;
	old->list = list;
	if (m->list.count > 0)
		log_warning("mynetworks stays as it was last known: %zu "
			    "entries; asking again",
			    m->list.count);
}

/* Asks for a list that nobody could tell at the start or the last reload. */
static void
ask_again(struct mynetworks *m, int64_t now)
{
	if (m->asked || now < m->retry)
		return;
	m->retry = now + RETRY_SECONDS;
	ask_postconf(m, false);
	if (m->asked)
		log_info("mynetworks asked again: %zu entr%s", m->list.count,
			 m->list.count == 1 ? "y" : "ies");
}

/* ---- looking up ---- */

/* postmap -q exits with 0 if the key was found and with 1 if not, but with 1
 * also when it cannot open the table. */
static bool
has_answered(int code, const char *output)
{
	return code == 0 || (code == 1 && strstr(output, "fatal: ") == NULL);
}

/* A table that a living helper could not ask is broken, and reloads are rare;
 * a helper that did not answer may have been started again since. */
static void
count_failure(struct mynetworks_entry *e, const char *address, bool answered,
	      int64_t now, const struct err *err)
{
	const char *until = "";

	if (++e->failures >= POSTMAP_FAILURES) {
		e->retry = answered ? INT64_MAX : now + ANSWER_SECONDS;
		until = answered ? "; not asked again before a reload"
				 : "; not asked again for five minutes";
	}
	log_warning("mynetworks: postmap -q %s %s: %s%s", address, e->text,
		    err->text, until);
}

/* 1: the address is in the table; 0: it is not; -1: nobody knows. */
static int
ask_table(struct mynetworks *m, struct mynetworks_entry *e,
	  const struct addr *addr, int64_t now)
{
	char address[ADDR_TEXT_MAX];
	const char *argv[] = {"postmap", "-q", address, e->text, NULL};
	struct err err;
	bool answered;
	char *answer;
	int code;

	if (now < e->retry)
		return -1;
	addr_format(addr, address);
	code = helper_run(m->helper, argv, POSTMAP_MS, &answer, &err);
	answered = has_answered(code, answer);
	if (code > 0)
		explain_exit(&err, code, answer);
	free(answer);
	if (!answered) {
		count_failure(e, address, code > 0, now, &err);
		return -1;
	}
	e->failures = 0;
	e->retry = 0;
	return code == 0;
}

/* Finds the first entry that matches. A table that cannot be asked matches if
 * it was the last answer for this address; it is asked again soon. */
static void
find_entry(struct mynetworks *m, struct answer *a, int64_t now)
{
	uint32_t known = a->found;

	a->found = 0;
	a->expires = now + ANSWER_SECONDS;
	for (uint32_t i = 0; i < m->list.count && a->found == 0; i++) {
		struct mynetworks_entry *e = &m->list.entries[i];
		int found;

		if (e->is_table)
			found = ask_table(m, e, &a->addr, now);
		else
			found = cidr_contains(&e->net, &a->addr);
		if (found < 0)
			a->expires = now + RETRY_SECONDS;
		if (found > 0 || (found < 0 && known == i + 1))
			a->found = i + 1;
	}
}

/* The same, but with the answer from the cache as long as that is valid. */
static uint32_t
find_cached(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	struct answer *a;

	if (m->cache == NULL)
		m->cache = alloc_zero(CACHE_SIZE, sizeof(*m->cache));
	a = &m->cache[hash_bytes(m->seed, addr, sizeof(*addr)) % CACHE_SIZE];
	if (!addr_equal(&a->addr, addr))
		*a = (struct answer){.addr = *addr};
	if (now >= a->expires)
		find_entry(m, a, now);
	return a->found;
}

const char *
mynetworks_network(const struct mynetworks *m, const struct addr *addr)
{
	for (size_t i = 0; i < m->list.count; i++) {
		const struct mynetworks_entry *e = &m->list.entries[i];

		if (e->is_table && e->negated) /* only it could tell */
			return NULL;
		if (!e->is_table && cidr_contains(&e->net, addr))
			return e->negated ? NULL : e->text;
	}
	return NULL;
}

bool
mynetworks_is_settled(const struct mynetworks *m)
{
	return m->asked && m->list.ntables == 0;
}

const char *
mynetworks_find(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	struct answer answer = {.addr = *addr};
	const struct mynetworks_entry *e;

	ask_again(m, now);
	if (m->list.ntables > 0)
		answer.found = find_cached(m, addr, now);
	else if (cidr_firsts_has(&m->list.firsts, addr))
		find_entry(m, &answer, now);
	e = answer.found > 0 ? &m->list.entries[answer.found - 1] : NULL;
	return e == NULL || e->negated ? NULL : e->text;
}
