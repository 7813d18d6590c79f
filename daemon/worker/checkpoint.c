#include "daemon/worker/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/table/removals.h"
#include "daemon/table/sessions.h"
#include "daemon/worker/checkpoint_form.h"

/* A file being read. */
struct reader {
	checkpoint_grant_fn *grant;
	void *arg;
	struct checkpoint_also *also; /* never NULL */
	const struct checkpoint_clock *now;
	time_t shift; /* makes the file's times those of today's wall clock */
	bool behind;  /* our clock is, so that no time in it can be believed */
	struct logpos **pos;
	size_t *npos;
	struct addr addr; /* of the last row, and its times: */
	long long when, expires, held;
	bool pending; /* a row has been read ... */
	bool named;   /* ... and granted to its users */
	char row_rule[CHECKPOINT_RULE_SIZE];
	char rule[CHECKPOINT_RULE_SIZE]; /* of the last "rule" line */
	bool rules;		 /* there was a "rule" line */
	bool row_remote, remote; /* of the last "origin" line */
};

/* Both clocks are in full seconds, so this is no sign that one was set. */
enum { ROUNDING = 1 };

/*
 * Within a boot the steady clock tells how much of a lease is left, wherever
 * the wall clock has been set. Across boots there is only the wall clock, and
 * if it is earlier than the file it proves nothing.
 */
static bool
take_clock(struct reader *r, const char *text)
{
	struct checkpoint_clock then = {.boot = ""};
	long long wall, steady;

	if (sscanf(text, "%lld %lld %39s", &wall, &steady, then.boot) < 2)
		return false;
	if (r->now == NULL)
		return true;
	if (then.boot[0] != '\0' && strcmp(then.boot, r->now->boot) == 0 &&
	    steady <= r->now->steady)
		r->shift = r->now->wall - (time_t)wall -
			   (time_t)(r->now->steady - steady);
	else
		r->behind = r->now->wall < (time_t)wall;
	if (r->shift >= -ROUNDING && r->shift <= ROUNDING)
		r->shift = 0;
	r->also->set_back = -r->shift;
	return true;
}

static bool
take_grace(struct reader *r, const char *text)
{
	return sscanf(text, "%" SCNu32, &r->also->grace) == 1;
}

static void
grant(struct reader *r, const char *user, const char *rule, bool remote,
      long long when, long long expires, long long held)
{
	time_t login = (time_t)when;

	if (r->behind)
		return;
	if (r->now != NULL && login > r->now->wall)
		login = r->now->wall;
	r->grant(r->arg, &(struct checkpoint_login){
			     .addr = &r->addr,
			     .user = user,
			     .user_len = user != NULL ? strlen(user) : 0,
			     .when = login,
			     .expires = (time_t)expires + r->shift,
			     .held = (time_t)held + r->shift,
			     .rule = rule[0] != '\0' ? rule : NULL,
			     .remote = remote});
}

static void
flush_row(struct reader *r)
{
	if (r->pending && !r->named)
		grant(r, NULL, r->row_rule, r->row_remote, r->when,
		      r->expires, r->held);
	r->pending = r->named = false;
}

static bool
take_log(struct reader *r, const char *text)
{
	struct logpos pos = {0};
	struct fingerprint *print = &pos.print;
	int path = 0;

	if (sscanf(text,
		   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNx64
		   " %" SCNu32 " %" SCNx64 " %n",
		   &pos.device, &pos.inode, &print->offset, &print->head_len,
		   &print->head, &print->tail_len, &print->tail, &path) != 7 ||
	    path == 0 || print->head_len > FINGERPRINT_HEAD_MAX ||
	    print->tail_len > FINGERPRINT_TAIL_MAX)
		return false;
	pos.path = alloc_string(text + path);
	*r->pos = alloc_resize(*r->pos, *r->npos + 1, sizeof(pos));
	(*r->pos)[(*r->npos)++] = pos;
	return true;
}

static bool
take_cursor(struct reader *r, const char *text)
{
	if (*r->npos == 0)
		return false;
	free((*r->pos)[*r->npos - 1].cursor);
	(*r->pos)[*r->npos - 1].cursor = alloc_string(text);
	return true;
}

static bool
take_torn(struct reader *r, const char *text)
{
	if (*r->npos == 0 || strcmp(text, "yes") != 0)
		return false;
	(*r->pos)[*r->npos - 1].torn = true;
	return true;
}

static bool
take_row(struct reader *r, const char *text)
{
	char address[ADDR_TEXT_MAX];

	flush_row(r);
	if (sscanf(text, "%45s %lld %lld %lld", address, &r->when, &r->expires,
		   &r->held) != 4)
		return false;
	if (addr_parse(&r->addr, address, strlen(address)) != 0)
		return false;
	memcpy(r->row_rule, r->rule, sizeof(r->rule));
	r->row_remote = r->remote;
	r->pending = true;
	return true;
}

static bool
take_user(struct reader *r, const char *text)
{
	if (!r->pending)
		return false;
	r->named = true;
	grant(r, text, r->row_rule, r->row_remote, r->when, r->expires,
	      r->held);
	return true;
}

static bool
take_other(struct reader *r, const char *text)
{
	long long when, expires, held;
	int len = 0;

	if (!r->pending ||
	    sscanf(text, "%lld %lld %lld%n", &when, &expires, &held, &len) != 3)
		return false;
	if (text[len] != ' ')
		return false;
	r->named |= r->rules;
	grant(r, text[len + 1] != '\0' ? text + len + 1 : NULL, r->rule,
	      r->remote, when, expires, held);
	return true;
}

static bool
take_rule(struct reader *r, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(r->rule))
		return false;
	memcpy(r->rule, text, len + 1);
	r->rules = true;
	return true;
}

static bool
take_origin(struct reader *r, const char *text)
{
	r->remote = strcmp(text, "peers") == 0;
	return r->remote || strcmp(text, "own") == 0;
}

static bool
take_peer(struct reader *r, const char *text)
{
	const struct peers_conf *peers = r->also->peers;
	char key[CHECKPOINT_KEY_SIZE];

	for (size_t i = 0; peers != NULL && i < peers->nhosts; i++) {
		checkpoint_key_text(key, peers->hosts[i].key);
		if (strncmp(text, key, sizeof(key) - 1) == 0 &&
		    text[sizeof(key) - 1] == ' ' &&
		    strcmp(text + sizeof(key), peers->hosts[i].name) == 0)
			return true;
	}
	r->also->strangers = true;
	return true;
}

static bool
take_seeds(struct reader *r, const char *text)
{
	uint64_t seeds[2];

	if (sscanf(text, "%" SCNx64 " %" SCNx64, &seeds[0], &seeds[1]) != 2)
		return false;
	if (r->also->sessions != NULL)
		sessions_set_seeds(r->also->sessions, seeds);
	return true;
}

static bool
take_session(struct reader *r, const char *text)
{
	char address[ADDR_TEXT_MAX];
	struct session_row row;
	unsigned int kind;
	long long when;

	if (sscanf(text, "%" SCNx64 " %" SCNx64 " %u %u %lld %45s",
		   &row.key.bits[0], &row.key.bits[1], &kind, &row.count, &when,
		   address) != 6 ||
	    kind > SESSION_NAMED ||
	    addr_parse(&row.addr, address, strlen(address)) != 0)
		return false;
	row.key.kind = (enum session_kind)kind;
	row.when = (time_t)when;
	if (r->also->sessions != NULL)
		sessions_restore(r->also->sessions, &row);
	return true;
}

static bool
take_removed(struct reader *r, const char *text)
{
	char address[ADDR_TEXT_MAX];
	struct removals *removals;
	struct addr addr;
	long long stamp, when;
	int count = sscanf(text, "%45s %lld %lld", address, &stamp, &when);

	if (count < 2 || addr_parse(&addr, address, strlen(address)) != 0)
		return false;
	removals = r->remote ? r->also->others : r->also->removals;
	if (removals == NULL)
		return true;
	removals_add(removals, &addr, (time_t)stamp,
		     r->now != NULL ? r->now->wall : (time_t)stamp);
	if (count == 3 && !r->behind)
		removals_note(removals, &addr,
			      when + r->shift + r->also->to_lifetime);
	return true;
}

/* With r, takes a line. False: we write no such line. */
static bool
take_line(struct reader *r, const char *line)
{
	static const struct {
		const char *word;
		bool (*take)(struct reader *, const char *text);
	} words[] = {
	    {"row ", take_row},		{"user ", take_user},
	    {"other ", take_other},	{"rule ", take_rule},
	    {"seeds ", take_seeds},	{"session ", take_session},
	    {"log ", take_log},		{"cursor ", take_cursor},
	    {"torn ", take_torn},	{"clock ", take_clock},
	    {"removed ", take_removed}, {"origin ", take_origin},
	    {"peer ", take_peer},
	    {"grace ", take_grace},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(line, words[i].word, len) == 0)
			return r == NULL || words[i].take(r, line + len);
	}
	return false;
}

/* Reads a line, without its newline. -1: there is no whole line, or it is longer
 * than any that we write. */
static ssize_t
next_line(FILE *file, char line[CHECKPOINT_LINE_MAX + 1])
{
	size_t len;

	if (fgets(line, CHECKPOINT_LINE_MAX + 1, file) == NULL)
		return -1;
	len = strlen(line);
	if (len == 0 || line[len - 1] != '\n')
		return -1;
	line[--len] = '\0';
	return (ssize_t)len;
}

/* Verifies the words of all lines and the hash in the last; with r, also takes
 * the lines before that. */
static int
read_lines(FILE *file, struct reader *r)
{
	char line[CHECKPOINT_LINE_MAX + 1];
	uint64_t hash, want;
	ssize_t len;

	rewind(file);
	len = next_line(file, line);
	if (len < 0 || strcmp(line, CHECKPOINT_MAGIC) != 0)
		return -1;
	hash = hash_bytes(0, line, (size_t)len);
	while ((len = next_line(file, line)) >= 0) {
		if (sscanf(line, "end %" SCNx64, &want) == 1)
			return want == hash && getc(file) == EOF ? 0 : -1;
		hash = hash_bytes(hash, line, (size_t)len);
		if (!take_line(r, line))
			return -1;
	}
	return -1;
}

/* Only root and our own user may decide who is authorized. */
static FILE *
open_trusted(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	FILE *file;

	if (fd < 0) {
		err_set(err, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		err_set(err,
			"%s: belongs to another user (see --user), or is "
			"writable by others, or is not a file",
			path);
		close(fd);
		return NULL;
	}
	if (st.st_size > CONF_CHECKPOINT_MAX) {
		err_set(err, "%s: damaged: larger than %d bytes", path,
			CONF_CHECKPOINT_MAX);
		close(fd);
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file == NULL)
		close(fd);
	return file;
}

int
checkpoint_load(const char *path, const struct checkpoint_clock *now,
		checkpoint_grant_fn *take, void *arg,
		struct checkpoint_also *also, struct logpos **pos,
		size_t *npos, struct err *err)
{
	struct checkpoint_also nothing = {.sessions = NULL};
	struct reader r = {.grant = take,
			   .arg = arg,
			   .now = now,
			   .also = also != NULL ? also : &nothing,
			   .pos = pos,
			   .npos = npos};
	FILE *file;
	int result;

	r.also->grace = 0;
	*pos = NULL;
	*npos = 0;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	file = open_trusted(path, err);
	if (file == NULL)
		return -1;
	result = read_lines(file, NULL); /* is it whole? */
	if (result == 0)
		result = read_lines(file, &r);
	fclose(file);
	if (result != 0)
		return err_set(err, "%s: damaged", path);
	flush_row(&r);
	return r.behind ? 2 : 1;
}
