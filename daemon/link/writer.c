#include "daemon/link/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/loop.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/channel.h"
#include "daemon/link/connection.h"
#include "daemon/link/engine.h"
#include "daemon/link/reports.h"
#include "daemon/link/resp.h"
#include "daemon/link/sender.h"

enum {
	CHECK_MS = 5000, /* between checks of the stream */
	/* Entries in flight, and other questions. */
	PENDING_MAX = IPC_LINK_UNANSWERED_MAX + 8,
	FULL_MIN_MS = 1000,  /* after this, a full engine is tried again ... */
	FULL_MAX_MS = 30000, /* ... and at most this */
};

enum question { TOP, CHECK, CONFLICT, APPEND, TRIM };

struct pending {
	enum question question;
	struct streamid id; /* of APPEND and CONFLICT */
	bool creates;
	bool passed_over; /* asked for an earlier worker */
};

struct writer {
	writer_room_fn *room;
	void *arg;
	struct channel *channel;
	struct reports *reports;
	struct sender *sender;
	struct timer *check;
	struct timer *again;	       /* after the engine was out of memory */
	struct connection *connection; /* NULL: not ready */
	char *key;		       /* NULL: nothing is written */
	bool open;     /* the worker was sent TOP: its APPENDs are accepted */
	bool create;   /* there is no stream: the next APPEND creates it */
	bool missing;  /* the worker knows that there is no stream */
	bool conflict; /* the reply to CONFLICT is outstanding */
	bool trim_due;
	struct streamid acknowledged; /* the last one; 0-0: no stream */
	struct streamid mark;
	int64_t full_ms;
	/* A ring of questions without a reply. */
	struct pending pending[PENDING_MAX];
	size_t first, count, appends;
};

/* ---- questions ---- */

static void
expect(struct writer *w)
{
	connection_expect(w->connection, w->count > 0 ? ENGINE_ANSWER_MS : 0);
}

static void
push(struct writer *w, struct pending pending)
{
	w->pending[(w->first + w->count) % PENDING_MAX] = pending;
	w->count++;
	w->appends += pending.question == APPEND;
	if (w->count == 1)
		expect(w);
}

static struct pending
pop(struct writer *w)
{
	struct pending pending = w->pending[w->first];
	bool was_full = writer_is_full(w);

	w->first = (w->first + 1) % PENDING_MAX;
	w->count--;
	w->appends -= pending.question == APPEND;
	if (w->count == 0)
		expect(w);
	if (was_full && !writer_is_full(w))
		w->room(w->arg);
	return pending;
}

static void
ask_info(struct writer *w, enum question question, struct streamid id)
{
	if (w->count == PENDING_MAX) {
		channel_again(w->channel);
		return;
	}
	push(w, (struct pending){.question = question, .id = id});
	engine_info(w->connection, w->key);
}

/* From now on the worker has to wait for TOP with its entries. */
static void
ask_top(struct writer *w)
{
	w->open = false;
	ask_info(w, TOP, (struct streamid){0, 0});
}

static void
ask_trim(struct writer *w)
{
	if (w->count == PENDING_MAX || streamid_is_zero(w->mark))
		return;
	push(w, (struct pending){.question = TRIM});
	engine_trim(w->connection, w->key, w->mark);
}

/* ---- answers ---- */

/* Whether the reply has the last id of the stream; *last is 0-0 if there is no
 * stream. */
static bool
is_last(struct writer *w, const struct resp_value *value, struct streamid *last)
{
	*last = (struct streamid){0, 0};
	if (engine_last_id(value, last) == 0)
		return true;
	if (value->type == RESP_ERROR &&
	    engine_error_of(value->text) == ENGINE_NO_KEY)
		return true;
	if (value->type == RESP_ERROR)
		channel_refused(w->channel, value, ENGINE_XINFO, w->key);
	else
		channel_fail(w->channel, CHANNEL_PROTOCOL,
			     "invalid reply to XINFO");
	return false;
}

/* Somebody else has used up all ids, so we cannot add entries. */
static void
report_exhausted(struct writer *w)
{
	char *text = alloc_format("stream %s has the highest possible id, "
				  "as somebody else wrote to it; delete it "
				  "with DEL",
				  w->key);

	channel_fail(w->channel, CHANNEL_PERMANENT, text);
	free(text);
}

static bool
is_highest(struct streamid id)
{
	return id.ms == UINT64_MAX && id.seq == UINT64_MAX;
}

static void
send_top(struct writer *w, struct streamid last)
{
	if (is_highest(last)) {
		report_exhausted(w);
		return;
	}
	w->create = w->missing = streamid_is_zero(last);
	w->acknowledged = last;
	w->open = true;
	channel_usable(w->channel);
	sender_id(w->sender, IPC_LINK_TOP, last);
}

/* The regular check of the stream. Confirmed entries may be missing when a
 * replica that lagged has become the master. */
static void
take_check(struct writer *w, struct streamid last)
{
	if (w->open && !w->missing &&
	    streamid_compare(last, w->acknowledged) < 0)
		send_top(w, last);
}

/* Our id was not above the last one. If they are equal, the entry was added
 * through a connection that we had given up. */
static void
take_conflict(struct writer *w, struct streamid ours, struct streamid last)
{
	w->conflict = false;
	if (streamid_compare(ours, last) != 0) {
		send_top(w, last);
		return;
	}
	w->acknowledged = ours;
	sender_id(w->sender, IPC_LINK_APPENDED, ours);
}

static void
take_info(struct writer *w, const struct pending *asked,
	  const struct resp_value *value)
{
	struct streamid last;

	if (!is_last(w, value, &last))
		return;
	if (asked->question == TOP)
		send_top(w, last);
	else if (asked->question == CONFLICT)
		take_conflict(w, asked->id, last);
	else
		take_check(w, last);
}

/* Trims old entries. After a pause, the worker sends again what was refused. */
static void
be_full(struct writer *w)
{
	if (timer_armed(w->again))
		return;
	reports_tell(w->reports, IPC_LINK_WRITER, IPC_LINK_WARNING,
		     "the engine is out of memory: raise its maxmemory");
	w->open = false;
	w->full_ms = w->full_ms == 0		    ? FULL_MIN_MS
		     : w->full_ms < FULL_MAX_MS / 2 ? w->full_ms * 2
						    : FULL_MAX_MS;
	timer_arm(w->again, w->full_ms);
	ask_trim(w);
}

static void
append_refused(struct writer *w, const struct pending *asked,
	       const struct resp_value *value)
{
	switch (engine_error_of(value->text)) {
	case ENGINE_SMALLER:
		if (!w->conflict)
			ask_info(w, CONFLICT, asked->id);
		w->conflict = true;
		break;
	case ENGINE_FULL:
		be_full(w);
		break;
	case ENGINE_EXHAUSTED:
		report_exhausted(w);
		break;
	default:
		channel_refused(w->channel, value, ENGINE_XADD, w->key);
	}
}

/* NOMKSTREAM: the stream does not exist any more. All entries in flight will
 * get the same reply; the worker gets one message. */
static void
stream_deleted(struct writer *w)
{
	if (w->missing)
		return;
	w->missing = w->create = true;
	w->acknowledged = (struct streamid){0, 0};
	sender_id(w->sender, IPC_LINK_DELETED, (struct streamid){0, 0});
}

static void
take_appended(struct writer *w, const struct pending *asked,
	      const struct resp_value *value)
{
	struct streamid id;

	if (value->type == RESP_NIL && !asked->creates) {
		stream_deleted(w);
	} else if (value->type == RESP_ERROR) {
		append_refused(w, asked, value);
	} else if (engine_added_id(value, &id) != 0 ||
		   streamid_compare(id, asked->id) != 0) {
		channel_fail(w->channel, CHANNEL_PROTOCOL,
			     "invalid reply to XADD");
	} else {
		w->acknowledged = id;
		w->full_ms = 0;
		if (asked->creates)
			w->missing = false;
		sender_id(w->sender, IPC_LINK_APPENDED, id);
		channel_works(w->channel, true);
	}
}

/* Repeats it until nothing is left to trim: one call removes 10,000 at most. */
static void
take_trimmed(struct writer *w, const struct resp_value *value)
{
	if (value->type == RESP_ERROR)
		channel_refused(w->channel, value, ENGINE_XTRIM, w->key);
	else if (value->type != RESP_INTEGER)
		channel_fail(w->channel, CHANNEL_PROTOCOL,
			     "invalid reply to XTRIM");
	else if (value->integer > 0)
		ask_trim(w);
}

static void
on_reply(void *arg, struct resp_value *value)
{
	struct writer *w = arg;
	struct pending asked;

	if (w->count == 0) {
		channel_fail(w->channel, CHANNEL_PROTOCOL, "unexpected reply");
		return;
	}
	asked = pop(w);
	if (asked.passed_over)
		return;
	if (asked.question == APPEND)
		take_appended(w, &asked, value);
	else if (asked.question == TRIM)
		take_trimmed(w, value);
	else
		take_info(w, &asked, value);
}

/* ---- the connection ---- */

static void
on_ready(void *arg, struct connection *connection)
{
	struct writer *w = arg;

	w->connection = connection;
	w->first = w->count = w->appends = 0;
	w->conflict = false;
	w->trim_due = true;
	connection_expect(connection, 0);
	timer_arm(w->check, CHECK_MS);
	if (w->key != NULL)
		ask_top(w);
}

static void
on_lost(void *arg, bool malformed)
{
	struct writer *w = arg;

	(void)malformed;
	w->connection = NULL;
	w->open = false;
	w->count = w->appends = 0;
	timer_disarm(w->check);
	timer_disarm(w->again);
	w->room(w->arg);
}

static void
on_check(void *arg)
{
	struct writer *w = arg;

	timer_arm(w->check, CHECK_MS);
	if (w->open)
		ask_info(w, CHECK, (struct streamid){0, 0});
}

static void
on_again(void *arg)
{
	struct writer *w = arg;

	if (w->connection != NULL && w->key != NULL)
		ask_top(w);
}

/* ---- the worker ---- */

void
writer_begin(struct writer *w)
{
	for (size_t i = 0; i < w->count; i++)
		w->pending[(w->first + i) % PENDING_MAX].passed_over = true;
	w->open = w->conflict = false;
	timer_disarm(w->again);
	free(w->key);
	w->key = NULL;
}

void
writer_key(struct writer *w, const char *key)
{
	free(w->key);
	w->key = alloc_string(key);
	if (w->connection != NULL)
		ask_top(w);
	channel_want(w->channel, true);
}

void
writer_append(struct writer *w, const struct ipc_link_packet *packet)
{
	struct engine_addition addition = {.key = w->key,
					   .create = w->create,
					   .id = packet->id,
					   .mark = packet->mark,
					   .payload = packet->data,
					   .payload_len = packet->data_len,
					   .signature = packet->signature,
					   .signature_len =
					       sizeof(packet->signature)};

	if (!w->open)
		return;
	w->mark = packet->mark;
	push(w, (struct pending){.question = APPEND,
				 .id = packet->id,
				 .creates = w->create});
	engine_append(w->connection, &addition);
	w->create = false;
	if (w->trim_due) {
		w->trim_due = false;
		ask_trim(w);
	}
}

void
writer_again(struct writer *w)
{
	channel_again(w->channel);
}

bool
writer_is_full(const struct writer *w)
{
	return w->appends >= IPC_LINK_UNANSWERED_MAX ||
	       w->count >= PENDING_MAX - 4;
}

struct writer *
writer_new(struct loop *loop, const struct credentials *credentials,
	   struct reports *reports, struct sender *sender, writer_room_fn *room,
	   void *arg)
{
	static const struct channel_ops ops = {on_ready, on_reply, on_lost};
	struct writer *w = alloc_zero(1, sizeof(*w));

	w->room = room;
	w->arg = arg;
	w->reports = reports;
	w->sender = sender;
	w->channel =
	    channel_new(loop, credentials, IPC_LINK_WRITER, reports, &ops, w);
	w->check = timer_new(loop, on_check, w);
	w->again = timer_new(loop, on_again, w);
	return w;
}

void
writer_free(struct writer **w)
{
	if (*w == NULL)
		return;
	timer_free(&(*w)->check);
	timer_free(&(*w)->again);
	channel_free(&(*w)->channel);
	free((*w)->key);
	free(*w);
	*w = NULL;
}
