#include "daemon/pipeline/mynetworks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/sys/helper.h"

enum {
	POSTCONF_MS = 10 * 1000,
	POSTMAP_MS = 1000,    /* the log waits meanwhile */
	POSTMAP_FAILURES = 3, /* then a table is not asked any more */
	ENTRIES_MAX = 10000,
	DEPTH_MAX = 8,		/* files that name files */
	FILE_MAX = 1024 * 1024, /* bytes of such a file */
	CACHE_SIZE = 65536,	/* answers remembered, if there are tables */
	ANSWER_SECONDS = 300
};

static const char separators[] = " \t\r\n,";

struct entry {
	char *text;
	struct cidr net;
	bool negated;
	bool is_table;
	int failures; /* of a table, in a row */
};

/* The answer for one address. */
struct answer {
	struct addr addr;
	uint32_t found; /* as walk() */
	int64_t stale;	/* when it is to be asked again */
};

struct mynetworks {
	struct helper *helper;
	struct strings own;
	struct entry *entries;
	size_t count, ntables;
	bool full;	      /* ENTRIES_MAX was said */
	struct answer *cache; /* NULL until a table is asked */
	uint64_t seed;
};

static void add_list(struct mynetworks *, char *list, bool negated, int depth);

struct mynetworks *
mynetworks_new(const struct strings *own, struct helper *helper)
{
	struct mynetworks *m = alloc_zero(1, sizeof(*m));

	for (size_t i = 0; i < own->count; i++)
		strings_add(&m->own, own->list[i]);
	m->helper = helper;
	m->seed = hash_seed();
	return m;
}

void
mynetworks_free(struct mynetworks **mynetworks)
{
	struct mynetworks *m = *mynetworks;

	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i].text);
	free(m->entries);
	strings_clear(&m->own);
	free(m->cache);
	free(m);
	*mynetworks = NULL;
}

/* ---- reading the list ---- */

static struct entry *
add_entry(struct mynetworks *m, const char *text, bool negated)
{
	struct entry *e;

	if (m->count == ENTRIES_MAX) {
		if (!m->full)
			log_warning("mynetworks: more than %d entries; '%s' "
				    "and what follows is passed over",
				    ENTRIES_MAX, text);
		m->full = true;
		return NULL;
	}
	m->entries =
	    alloc_resize(m->entries, m->count + 1, sizeof(*m->entries));
	e = &m->entries[m->count++];
	memset(e, 0, sizeof(*e));
	e->text = alloc_string(text);
	e->negated = negated;
	return e;
}

/*
 * Our "socketmap:unix:/spool/pbs/socket" is "socketmap:unix:pbs/socket:NAME" to
 * Postfix, or "/pbs/socket" within its chroot; "inet:127.0.0.1:PORT" may be
 * "inet:localhost:PORT:NAME".
 */
static bool
is_own_server(const char *own, const char *table)
{
	static const char unix_[] = "socketmap:unix:",
			  inet[] = "socketmap:inet:";
	const char *end = strrchr(table, ':'), *tail;
	size_t len;

	if (strncmp(table, unix_, strlen(unix_)) == 0)
		table += strlen(unix_);
	else if (strncmp(table, inet, strlen(inet)) == 0)
		table += strcspn(table + strlen(inet), ":") + strlen(inet);
	else
		return false;
	if (strncmp(own, "socketmap:", 10) != 0 || end <= table)
		return false;
	len = (size_t)(end - table);
	if (len >= strlen(own))
		return false;
	tail = own + strlen(own) - len;
	return memcmp(tail, table, len) == 0 &&
	       (strchr("/:", *table) != NULL || strchr("/:", tail[-1]) != NULL);
}

/* Admins write our map into mynetworks; to ask it would mean that whoever is
 * authorized once never is again, and a server that asks itself waits long. */
static bool
is_own_map(const struct mynetworks *m, const char *table)
{
	if (strncmp(table, "proxy:", 6) == 0)
		table += 6;
	for (size_t i = 0; i < m->own.count; i++)
		if (strcmp(m->own.list[i], table) == 0 ||
		    is_own_server(m->own.list[i], table))
			return true;
	return false;
}

static void
add_table(struct mynetworks *m, const char *table, bool negated)
{
	struct entry *e;

	if (is_own_map(m, table)) {
		log_debug("mynetworks: %s is our own map", table);
		return;
	}
	e = add_entry(m, table, negated);
	if (e == NULL)
		return;
	e->is_table = true;
	m->ntables++;
}

/* Lines that begin with '#' are comments. */
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
	FILE *file;
	char *text;
	size_t len;

	if (depth == DEPTH_MAX) {
		log_warning("mynetworks: %s: files name files more than %d "
			    "deep; passed over",
			    path, DEPTH_MAX);
		return;
	}
	file = fopen(path, "re");
	if (file == NULL) {
		log_warning("mynetworks: %s: %s; passed over", path,
			    strerror(errno));
		return;
	}
	text = alloc_zero(FILE_MAX + 1, 1);
	len = fread(text, 1, FILE_MAX, file);
	if (len == FILE_MAX || ferror(file)) {
		log_warning("mynetworks: %s: %s; passed over", path,
			    ferror(file) ? strerror(errno) : "too large");
	} else {
		drop_comments(text);
		add_list(m, text, negated, depth + 1);
	}
	fclose(file);
	free(text);
}

static void
add_network(struct mynetworks *m, const char *text, const struct cidr *net,
	    bool negated)
{
	struct entry *e = add_entry(m, text, negated);

	if (e != NULL)
		e->net = *net;
}

/* "hash:/etc/postfix/nets": a word of letters before the colon. */
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
			    "nor table; passed over",
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

void
mynetworks_add(struct mynetworks *m, const char *list)
{
	char *copy = alloc_string(list);

	add_list(m, copy, false, 0);
	free(copy);
}

/* What a program that fails says of it. */
static void
explain_exit(struct err *err, int code, const char *said)
{
	char why[256];

	log_printable(why, sizeof(why), said, strlen(said));
	err_set(err, "exit %d%s%s", code, *why != '\0' ? ": " : "", why);
}

void
mynetworks_ask(struct mynetworks *m)
{
	static const char *const argv[] = {"postconf", "-x", "-h", "mynetworks",
					   NULL};
	struct err err;
	char *answer;
	int code = helper_run(m->helper, argv, POSTCONF_MS, &answer, &err);

	if (code > 0)
		explain_exit(&err, code, answer);
	if (code == 0)
		mynetworks_add(m, answer);
	else if (code > 0)
		log_warning("postconf -x -h mynetworks failed (%s); going on "
			    "without",
			    err.text);
	else
		log_info("mynetworks not asked: %s", err.text);
	free(answer);
}

/* ---- looking up ---- */

/* postmap -q: 0 found, 1 not found; but 1 is also how it ends when it cannot
 * open the table. */
static bool
has_answered(int code, const char *said)
{
	return code == 0 || (code == 1 && strstr(said, "fatal: ") == NULL);
}

static bool
ask_table(struct mynetworks *m, struct entry *e, const struct addr *addr)
{
	char address[ADDR_TEXT_MAX];
	const char *argv[] = {"postmap", "-q", address, e->text, NULL};
	struct err err;
	bool answered;
	char *answer;
	int code;

	if (e->failures >= POSTMAP_FAILURES)
		return false;
	addr_format(addr, address);
	code = helper_run(m->helper, argv, POSTMAP_MS, &answer, &err);
	answered = has_answered(code, answer);
	if (code > 0)
		explain_exit(&err, code, answer);
	free(answer);
	if (answered) {
		e->failures = 0;
		return code == 0;
	}
	e->failures++;
	log_warning("mynetworks: postmap -q %s %s: %s%s", address, e->text,
		    err.text,
		    e->failures == POSTMAP_FAILURES
			? "; not asked again before a reload"
			: "");
	return false;
}

/* The first entry that fits, plus 1; 0 if none does. */
static uint32_t
walk(struct mynetworks *m, const struct addr *addr)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];

		if (e->is_table ? ask_table(m, e, addr)
				: cidr_contains(&e->net, addr))
			return i + 1;
	}
	return 0;
}

/* As walk(), but a table is asked only now and then for the same address. */
static uint32_t
walk_cached(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	struct answer *a;

	if (m->cache == NULL)
		m->cache = alloc_zero(CACHE_SIZE, sizeof(*m->cache));
	a = &m->cache[hash_bytes(m->seed, addr, sizeof(*addr)) % CACHE_SIZE];
	if (!addr_equal(&a->addr, addr) || now >= a->stale) {
		a->addr = *addr;
		a->found = walk(m, addr);
		a->stale = now + ANSWER_SECONDS;
	}
	return a->found;
}

const char *
mynetworks_find(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	uint32_t found =
	    m->ntables > 0 ? walk_cached(m, addr, now) : walk(m, addr);
	const struct entry *e = found > 0 ? &m->entries[found - 1] : NULL;

	return e == NULL || e->negated ? NULL : e->text;
}
