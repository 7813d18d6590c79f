#include "daemon/worker/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "daemon/conf/conf.h"
#include "daemon/table/removals.h"
#include "daemon/table/sessions.h"

/*
 * The file, line by line; PATH, TEXT and NAME are the raw rest of their line:
 *
 *	pop-before-smtp checkpoint 1
 *	clock WALL STEADY BOOT	(when it was written; older files lack it)
 *	log DEVICE INODE OFFSET HEAD_LEN HEAD TAIL_LEN TAIL PATH
 *	cursor TEXT			(of the preceding log)
 *	row ADDRESS LOGIN EXPIRES HELD
 *	other LOGIN EXPIRES HELD NAME
 *	user NAME		(of the preceding row; any number)
 *	seeds HASH HASH		(of the sessions that follow)
 *	session HASH HASH KIND COUNT BEGAN ADDRESS
 *	removed ADDRESS STAMP
 *	end HASH		(of all preceding lines)
 *
 * A user has times of their own, in an "other" line, or those of the row; in
 * older files all have those of the row. The latest login comes last.
 *
 * Numbers are decimal, hashes hexadecimal, times seconds since the epoch.
 */
static const char magic[] = "pop-before-smtp checkpoint 1";

/* Bytes, with the newline: a damaged file may have none. */
enum { LINE_BYTES_MAX = 8192 };

/* A file being written, and the hash of the lines so far. */
struct writer {
	FILE *file;
	uint64_t hash;
	size_t bytes; /* written so far */
};

static void put(struct writer *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct writer *w, const char *fmt, ...)
{
	char line[LINE_BYTES_MAX - 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(line)) {
		/* No user has so long a name: the row is kept without it. */
		return;
	}
	w->hash = hash_bytes(w->hash, line, (size_t)len);
	w->bytes += (size_t)len + 1;
	fwrite(line, 1, (size_t)len, w->file);
	putc('\n', w->file);
}

static void
put_log(struct writer *w, const struct logpos *pos)
{
	const struct fingerprint *print = &pos->print;

	if (strchr(pos->path, '\n') != NULL)
		return;
	put(w,
	    "log %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %016" PRIx64
	    " %" PRIu32 " %016" PRIx64 " %s",
	    pos->device, pos->inode, print->offset, print->head_len,
	    print->head, print->tail_len, print->tail, pos->path);
	if (pos->cursor != NULL)
		put(w, "cursor %s", pos->cursor);
}

static void
put_user(struct writer *w, const struct authtab_row *row,
	 const struct authtab_user *user, int64_t to_wall)
{
	if (user->when == row->when && user->granted == row->granted &&
	    user->expires == row->expires)
		put(w, "user %s", user->name);
	else
		put(w, "other %lld %lld %lld %s", (long long)user->when,
		    (long long)(user->granted + to_wall),
		    (long long)(user->expires + to_wall), user->name);
}

static void
put_row(struct writer *w, const struct authtab_row *row, int64_t to_wall)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&row->addr, text);
	put(w, "row %s %lld %lld %lld", text, (long long)row->when,
	    (long long)(row->granted + to_wall),
	    (long long)(row->expires + to_wall));
	for (size_t i = row->nusers; i > 0; i--)
		put_user(w, row, &row->users[i - 1], to_wall);
}

static void
put_sessions(struct writer *w, const struct sessions *sessions)
{
	char text[ADDR_TEXT_MAX];
	const void *at = NULL;
	struct session_row row;
	uint64_t seeds[2];

	sessions_seeds(sessions, seeds);
	put(w, "seeds %016" PRIx64 " %016" PRIx64, seeds[0], seeds[1]);
	while (sessions_next(sessions, &at, &row)) {
		addr_format(&row.addr, text);
		put(w, "session %016" PRIx64 " %016" PRIx64 " %d %u %lld %s",
		    row.key.bits[0], row.key.bits[1], (int)row.key.kind,
		    row.count, (long long)row.when, text);
	}
}

static void
put_removals(struct writer *w, const struct removals *removals)
{
	char text[ADDR_TEXT_MAX];
	const void *at = NULL;
	struct addr addr;
	time_t stamp;

	while (removals_next(removals, &at, &addr, &stamp)) {
		addr_format(&addr, text);
		put(w, "removed %s %lld", text, (long long)stamp);
	}
}

long long
checkpoint_write(FILE *file, const struct authtab *table,
		 const struct sessions *sessions, const struct removals *removals,
		 const struct logpos *pos, size_t npos,
		 const struct checkpoint_clock *now, int64_t lifetime)
{
	struct writer w = {.file = file};
	struct authtab_row row;
	size_t at = 0;

	put(&w, "%s", magic);
	put(&w, "clock %lld %lld %s", (long long)now->wall,
	    (long long)now->steady, now->boot);
	for (size_t i = 0; i < npos; i++)
		put_log(&w, &pos[i]);
	while (authtab_next(table, &at, &row))
		put_row(&w, &row, now->wall - lifetime);
	if (sessions != NULL)
		put_sessions(&w, sessions);
	if (removals != NULL)
		put_removals(&w, removals);
	fprintf(file, "end %016" PRIx64 "\n", w.hash);
	return ferror(file) ? -1 : (long long)w.bytes;
}

/* A file being read. */
struct reader {
	checkpoint_grant_fn *grant;
	void *arg;
	struct sessions *sessions;
	struct removals *removals;
	const struct checkpoint_clock *now;
	time_t shift; /* makes the file's times those of today's wall clock */
	bool behind;  /* our clock is, so that no time in it can be believed */
	struct logpos **pos;
	size_t *npos;
	struct addr addr; /* of the last row, and its times: */
	long long when, expires, held;
	bool pending; /* a row has been read ... */
	bool named;   /* ... and granted to its users */
};

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
	return true;
}

static void
grant(struct reader *r, const char *user, long long when, long long expires,
      long long held)
{
	time_t login = (time_t)when;

	if (r->behind)
		return;
	if (r->now != NULL && login > r->now->wall)
		login = r->now->wall;
	r->grant(r->arg, &r->addr, user, user != NULL ? strlen(user) : 0, login,
		 (time_t)expires + r->shift, (time_t)held + r->shift);
}

static void
flush_row(struct reader *r)
{
	if (r->pending && !r->named)
		grant(r, NULL, r->when, r->expires, r->held);
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
take_row(struct reader *r, const char *text)
{
	char address[ADDR_TEXT_MAX];

	flush_row(r);
	if (sscanf(text, "%45s %lld %lld %lld", address, &r->when, &r->expires,
		   &r->held) != 4)
		return false;
	if (addr_parse(&r->addr, address, strlen(address)) != 0)
		return false;
	r->pending = true;
	return true;
}

static bool
take_user(struct reader *r, const char *text)
{
	if (!r->pending)
		return false;
	r->named = true;
	grant(r, text, r->when, r->expires, r->held);
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
	grant(r, text + len + 1, when, expires, held);
	return true;
}

static bool
take_seeds(struct reader *r, const char *text)
{
	uint64_t seeds[2];

	if (sscanf(text, "%" SCNx64 " %" SCNx64, &seeds[0], &seeds[1]) != 2)
		return false;
	if (r->sessions != NULL)
		sessions_set_seeds(r->sessions, seeds);
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
	if (r->sessions != NULL)
		sessions_restore(r->sessions, &row);
	return true;
}

static bool
take_removed(struct reader *r, const char *text)
{
	char address[ADDR_TEXT_MAX];
	struct addr addr;
	long long stamp;

	if (sscanf(text, "%45s %lld", address, &stamp) != 2 ||
	    addr_parse(&addr, address, strlen(address)) != 0)
		return false;
	if (r->removals != NULL)
		removals_add(r->removals, &addr, (time_t)stamp,
			     r->now != NULL ? r->now->wall : (time_t)stamp);
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
	    {"other ", take_other},	{"seeds ", take_seeds},
	    {"session ", take_session}, {"log ", take_log},
	    {"cursor ", take_cursor},	{"clock ", take_clock},
	    {"removed ", take_removed},
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
next_line(FILE *file, char line[LINE_BYTES_MAX + 1])
{
	size_t len;

	if (fgets(line, LINE_BYTES_MAX + 1, file) == NULL)
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
	char line[LINE_BYTES_MAX + 1];
	uint64_t hash, want;
	ssize_t len;

	rewind(file);
	len = next_line(file, line);
	if (len < 0 || strcmp(line, magic) != 0)
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
		checkpoint_grant_fn *take, void *arg, struct sessions *sessions,
		struct removals *removals, struct logpos **pos, size_t *npos,
		struct err *err)
{
	struct reader r = {.grant = take,
			   .arg = arg,
			   .now = now,
			   .sessions = sessions,
			   .removals = removals,
			   .pos = pos,
			   .npos = npos};
	FILE *file;
	int result;

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
