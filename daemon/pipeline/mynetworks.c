#include "daemon/pipeline/mynetworks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/readfile.h"
#include "daemon/sys/helper.h"

enum {
	POSTCONF_MS = 10 * 1000,
	POSTMAP_MS = 1000,    /* no log is read meanwhile */
	POSTMAP_FAILURES = 3, /* in a row, and a table is given up */
	ENTRIES_MAX = 10000,
	DEPTH_MAX = 8,		/* of files that name files */
	FILE_MAX = 1024 * 1024, /* bytes of one */
	CACHE_SIZE = 65536,	/* answers, if there are tables */
	ANSWER_SECONDS = 300	/* an answer is used for so long */
};

static const char separators[] = " \t\r\n,";

struct mynetworks_entry {
	char *text;
	struct cidr net;
	bool negated;
	bool is_table;
	int failures; /* of postmap for this table, in a row */
};

/* The answer for one address. */
struct answer {
	struct addr addr;
	uint32_t found;	 /* see find_entry() */
	int64_t expires; /* seconds, on the caller's clock */
};

struct mynetworks {
	struct helper *helper;
	struct strings own;
	struct mynetworks_entry *entries;
	size_t count, ntables;
	bool full;	      /* ENTRIES_MAX was reached, and logged */
	struct answer *cache; /* NULL until a table is asked */
	uint64_t seed;
};

static void add_list(struct mynetworks *, char *list, bool negated, int depth);

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

static struct mynetworks_entry *
add_entry(struct mynetworks *m, const char *text, bool negated)
{
	struct mynetworks_entry *e;

	if (m->count == ENTRIES_MAX) {
		if (!m->full)
			log_warning("mynetworks: more than %d entries; '%s' "
				    "and what follows is skipped",
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
 * Postfix, or "/pbs/socket" inside its chroot; our "inet:127.0.0.1:PORT" may be
 * its "inet:localhost:PORT:NAME".
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

/* Administrators put our own map into mynetworks. If we asked it, a client that
 * has been authorized once could not be renewed, and a server that asks itself
 * waits for its own answer. */
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
	struct mynetworks_entry *e;

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

	if (e != NULL)
		e->net = *net;
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

static void
ask_postconf(struct mynetworks *m)
{
	static const char *const argv[] = {"postconf", "-x", "-h", "mynetworks",
					   NULL};
	struct err err;
	char *answer;
	int code = helper_run(m->helper, argv, POSTCONF_MS, &answer, &err);

	if (code == 0)
		add_list(m, answer, false, 0);
	else if (code < 0)
		log_info("mynetworks not asked: %s", err.text);
	else
		log_warning("postconf -x -h mynetworks failed (%s); going on "
			    "without",
			    explain_exit(&err, code, answer));
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
	ask_postconf(m);
	return m;
}

/* ---- looking up ---- */

/* postmap -q exits with 0 if the key was found and with 1 if not, but with 1
 * also when it cannot open the table. */
static bool
has_answered(int code, const char *output)
{
	return code == 0 || (code == 1 && strstr(output, "fatal: ") == NULL);
}

static bool
ask_table(struct mynetworks *m, struct mynetworks_entry *e,
	  const struct addr *addr)
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

/* The number of the first entry that matches, from 1; 0: none does. */
static uint32_t
find_entry(struct mynetworks *m, const struct addr *addr)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct mynetworks_entry *e = &m->entries[i];

		if (e->is_table ? ask_table(m, e, addr)
				: cidr_contains(&e->net, addr))
			return i + 1;
	}
	return 0;
}

/* The same, but with the answer from the cache as long as that is valid. */
static uint32_t
find_cached(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	struct answer *a;

	if (m->cache == NULL)
		m->cache = alloc_zero(CACHE_SIZE, sizeof(*m->cache));
	a = &m->cache[hash_bytes(m->seed, addr, sizeof(*addr)) % CACHE_SIZE];
	if (!addr_equal(&a->addr, addr) || now >= a->expires) {
		a->addr = *addr;
		a->found = find_entry(m, addr);
		a->expires = now + ANSWER_SECONDS;
	}
	return a->found;
}

const char *
mynetworks_find(struct mynetworks *m, const struct addr *addr, int64_t now)
{
	uint32_t found =
	    m->ntables > 0 ? find_cached(m, addr, now) : find_entry(m, addr);
	const struct mynetworks_entry *e =
	    found > 0 ? &m->entries[found - 1] : NULL;

	return e == NULL || e->negated ? NULL : e->text;
}
