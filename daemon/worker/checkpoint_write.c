/* Writes a checkpoint. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/table/removals.h"
#include "daemon/table/sessions.h"
#include "daemon/worker/checkpoint.h"
#include "daemon/worker/checkpoint_form.h"

/* A file being written, and the hash of the lines so far. */
struct writer {
	FILE *file;
	uint64_t hash;
	size_t bytes;	  /* written so far */
	char line[CHECKPOINT_LINE_MAX];
	size_t len;    /* of the line so far */
	bool overlong; /* it is not kept */
	const char *rule; /* of the last "rule" line, or NULL */
	bool remote;	  /* of the last "origin" line */
};

static void put(struct writer *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_bytes(struct writer *w, const char *bytes, size_t len)
{
	/* With the newline that follows. */
	w->overlong |= len >= sizeof(w->line) - w->len;
	if (w->overlong)
		return;
	memcpy(w->line + w->len, bytes, len);
	w->len += len;
}

static void
add_text(struct writer *w, const char *text)
{
	add_bytes(w, text, strlen(text));
}

static void
add_number(struct writer *w, int64_t number)
{
	char text[1 + DECIMAL_MAX] = " ";

	add_bytes(w, text, (size_t)(decimal_put(text + 1, number) - text));
}

/* No user has so long a name that a line is overlong: the row is kept without
 * it. */
static void
end_line(struct writer *w)
{
	size_t len = w->len;

	w->len = 0;
	if (w->overlong) {
		w->overlong = false;
		return;
	}
	w->hash = hash_bytes(w->hash, w->line, len);
	w->line[len++] = '\n';
	w->bytes += len;
	fwrite(w->line, 1, len, w->file);
}

static void
put(struct writer *w, const char *fmt, ...)
{
	size_t room = sizeof(w->line) - 1;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(w->line, room, fmt, ap);
	va_end(ap);
	w->overlong = len < 0 || (size_t)len >= room;
	w->len = (size_t)len;
	end_line(w);
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
	if (pos->torn)
		put(w, "torn yes");
}

/* The table has each name once, so it is enough to compare pointers. */
static void
put_rule(struct writer *w, const char *rule)
{
	if (rule == w->rule)
		return;
	add_text(w, "rule ");
	add_text(w, rule != NULL ? rule : "");
	end_line(w);
	w->rule = rule;
}

static void
put_origin(struct writer *w, bool own)
{
	if (own != w->remote)
		return;
	put(w, "origin %s", own ? "own" : "peers");
	w->remote = !own;
}

static void
put_other(struct writer *w, const struct authtab_user *user, int64_t to_wall)
{
	put_rule(w, user->rule);
	put_origin(w, user->own);
	add_text(w, "other");
	add_number(w, user->when);
	add_number(w, user->granted + to_wall);
	add_number(w, user->expires + to_wall);
	add_text(w, " ");
	add_text(w, user->name != NULL ? user->name : "");
	end_line(w);
}

static void
put_user(struct writer *w, const struct authtab_row *row,
	 const struct authtab_user *user, int64_t to_wall)
{
	if (user->when == row->when && user->granted == row->granted &&
	    user->expires == row->expires && user->rule == row->rule &&
	    user->own == row->own) {
		add_text(w, "user ");
		add_text(w, user->name);
		end_line(w);
	} else {
		put_other(w, user, to_wall);
	}
}

static void
put_row(struct writer *w, const struct authtab_row *row, int64_t to_wall)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&row->addr, text);
	put_rule(w, row->rule);
	put_origin(w, row->own);
	add_text(w, "row ");
	add_text(w, text);
	add_number(w, row->when);
	add_number(w, row->granted + to_wall);
	add_number(w, row->expires + to_wall);
	end_line(w);
	for (size_t i = row->nusers; i > 0; i--)
		put_user(w, row, &row->users[i - 1], to_wall);
	if (row->has_rest)
		put_other(w, &row->rest, to_wall);
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
put_removals(struct writer *w, const struct removals *removals, bool own,
	     int64_t to_wall)
{
	char text[ADDR_TEXT_MAX];
	const void *at = NULL;
	struct addr addr;
	int64_t steady;
	time_t stamp;

	while (removals_next(removals, &at, &addr, &stamp)) {
		addr_format(&addr, text);
		put_origin(w, own);
		add_text(w, "removed ");
		add_text(w, text);
		add_number(w, stamp);
		if (removals_steady(removals, &addr, &steady))
			add_number(w, steady + to_wall);
		end_line(w);
	}
}

static void
put_peers(struct writer *w, const struct peers_conf *peers)
{
	char key[CHECKPOINT_KEY_SIZE];

	for (size_t i = 0; i < peers->nhosts; i++) {
		checkpoint_key_text(key, peers->hosts[i].key);
		put(w, "peer %s %s", key, peers->hosts[i].name);
	}
}

long long
checkpoint_write(FILE *file, const struct authtab *table,
		 const struct checkpoint_also *also,
		 const struct logpos *pos, size_t npos,
		 const struct checkpoint_clock *now, int64_t lifetime)
{
	/* Not the rule of any row, so that the first row gets a "rule" line. */
	struct writer w = {.file = file, .rule = CHECKPOINT_MAGIC};
	int64_t to_wall = now->wall - lifetime;
	struct authtab_row row;
	size_t at = 0;

	put(&w, "%s", CHECKPOINT_MAGIC);
	put(&w, "clock %lld %lld %s", (long long)now->wall,
	    (long long)now->steady, now->boot);
	if (also->grace != 0)
		put(&w, "grace %" PRIu32, also->grace);
	for (size_t i = 0; i < npos; i++)
		put_log(&w, &pos[i]);
	if (also->peers != NULL)
		put_peers(&w, also->peers);
	while (authtab_next(table, &at, &row))
		put_row(&w, &row, to_wall);
	if (also->sessions != NULL)
		put_sessions(&w, also->sessions);
	if (also->removals != NULL)
		put_removals(&w, also->removals, true, to_wall);
	if (also->others != NULL)
		put_removals(&w, also->others, false, to_wall);
	fprintf(file, "end %016" PRIx64 "\n", w.hash);
	return ferror(file) ? -1 : (long long)w.bytes;
}
