#include "daemon/link/reader.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/channel.h"
#include "daemon/link/connection.h"
#include "daemon/link/engine.h"
#include "daemon/link/reports.h"
#include "daemon/link/resp.h"
#include "daemon/link/sender.h"

enum {
	CHECK_MS = 5000, /* between checks of the streams */
	/* How long a stream is skipped whose contents exceed the limits. */
	SKIPPED_MS = 5 * 60 * 1000,
};

struct stream {
	char key[IPC_LINK_KEY_MAX + 1];
	struct streamid cursor;
	bool refused;	       /* its last check was an error */
	bool asked;	       /* CHECKS: a reply is outstanding */
	int64_t skipped_until; /* steady clock */
	bool ignored; /* and what is added until then is never read */
};

struct streams {
	struct stream list[IPC_LINK_STREAMS_MAX];
	size_t count;
};

/* Only one question is outstanding at a time. */
enum question { NOTHING, CHECKS, ENTRIES };

struct reader {
	struct loop *loop;
	struct channel *channel;
	struct reports *reports;
	struct sender *sender;
	struct timer *pause;	       /* while there is nothing to ask */
	struct connection *connection; /* NULL: not ready */
	struct streams streams;
	struct streams coming; /* a list that is not complete yet */
	bool renew;	       /* it is complete, and waits for a reply */
	enum question question;
	size_t checked;	    /* CHECKS: streams with a reply */
	int64_t next_check; /* steady clock */
	/* After a reply that exceeded the limits: streams are read one by one.
	 */
	bool careful;
	size_t alone;		   /* careful: the stream being read */
	bool suspicious;	   /* one of them made XREAD fail for all */
	struct resp_value *answer; /* not yet sent to the worker completely */
	size_t sent;
};

static void go_on(struct reader *r);

static int64_t
now(const struct reader *r)
{
	return loop_clocks(r->loop).steady_ms;
}

/* ---- questions ---- */

/* False: all streams are skipped. */
static bool
ask_checks(struct reader *r)
{
	bool any = false;

	r->checked = 0;
	r->next_check = now(r) + CHECK_MS;
	connection_expect(r->connection, ENGINE_ANSWER_MS);
	for (size_t i = 0; i < r->streams.count; i++) {
		struct stream *stream = &r->streams.list[i];

		stream->asked = stream->skipped_until <= now(r);
		if (stream->asked)
			engine_info(r->connection, stream->key);
		any = any || stream->asked;
	}
	r->question = any ? CHECKS : NOTHING;
	return any;
}

static bool
is_readable(const struct reader *r, const struct stream *stream)
{
	return !stream->refused && !stream->ignored &&
	       stream->skipped_until <= now(r);
}

/* False: no stream can be read. */
static bool
ask_entries(struct reader *r)
{
	const char *keys[IPC_LINK_STREAMS_MAX];
	struct streamid ids[IPC_LINK_STREAMS_MAX];
	size_t count = 0;

	for (size_t i = r->careful ? r->alone : 0; i < r->streams.count; i++) {
		const struct stream *stream = &r->streams.list[i];

		if (!is_readable(r, stream))
			continue;
		keys[count] = stream->key;
		ids[count++] = stream->cursor;
		r->alone = i;
		if (r->careful)
			break;
	}
	if (count == 0)
		return false;
	r->question = ENTRIES;
	connection_expect(r->connection, ENGINE_BLOCK_MS + ENGINE_ANSWER_MS);
	engine_read(r->connection, keys, ids, count, !r->careful);
	return true;
}

/* When careful, reads each stream once by itself, and then all together again.
 */
static void
ask_something(struct reader *r)
{
	if (now(r) >= r->next_check && ask_checks(r))
		return;
	if (ask_entries(r))
		return;
	if (r->careful) {
		r->careful = false;
		if (ask_entries(r))
			return;
	}
	connection_expect(r->connection, 0);
	timer_arm(r->pause, r->next_check - now(r));
}

/* ---- answers to checks ---- */

/* This is not the stream that was read before, so begins at its first entry. */
static void
rewind_stream(struct reader *r, struct stream *stream)
{
	stream->cursor = (struct streamid){0, 0};
	sender_rewound(r->sender, stream->key);
}

/* A problem with this stream alone must not stop the reading of others. */
static void
refuse_stream(struct reader *r, struct stream *stream,
	      const struct resp_value *value)
{
	enum engine_error error = engine_error_of(value->text);
	char *rule = engine_command_rule(ENGINE_XINFO, stream->key, false);
	char words[200], *text = NULL;

	log_printable(words, sizeof(words), value->text, value->len);
	if (error == ENGINE_FORBIDDEN)
		text = alloc_format("stream %s is not read: XINFO STREAM: %s; "
				    "the ACL must allow %s",
				    stream->key, words, rule);
	else if (error == ENGINE_WRONG_TYPE)
		text = alloc_format("stream %s is not read: the key is not a "
				    "stream; delete it with DEL",
				    stream->key);
	stream->refused = text != NULL;
	if (text != NULL)
		reports_tell(r->reports, IPC_LINK_READER, IPC_LINK_ERROR, text);
	else
		channel_refused(r->channel, value, ENGINE_XINFO, stream->key);
	free(text);
	free(rule);
}

static void
take_check(struct reader *r, struct stream *stream,
	   const struct resp_value *value)
{
	struct streamid last = {0, 0};
	bool missing = value->type == RESP_ERROR &&
		       engine_error_of(value->text) == ENGINE_NO_KEY;

	if (value->type == RESP_ERROR && !missing) {
		refuse_stream(r, stream, value);
		return;
	}
	if (!missing && engine_last_id(value, &last) != 0) {
		channel_fail(r->channel, CHANNEL_PROTOCOL,
			     "invalid reply to XINFO");
		return;
	}
	stream->refused = false;
	if (stream->ignored && streamid_compare(last, stream->cursor) > 0)
		stream->cursor = last;
	stream->ignored = false;
	if (streamid_compare(last, stream->cursor) < 0)
		rewind_stream(r, stream);
}

/* The next stream that was asked about, from number `checked' on; NULL: all
 * have a reply. */
static struct stream *
next_asked(struct reader *r)
{
	while (r->checked < r->streams.count &&
	       !r->streams.list[r->checked].asked)
		r->checked++;
	return r->checked < r->streams.count ? &r->streams.list[r->checked]
					     : NULL;
}

static void
take_checks(struct reader *r, const struct resp_value *value)
{
	take_check(r, next_asked(r), value);
	if (r->connection == NULL)
		return;
	r->checked++;
	if (next_asked(r) != NULL)
		return;
	channel_usable(r->channel);
	r->question = NOTHING;
	go_on(r);
}

/* ---- answers with entries ---- */

static struct stream *
find(struct reader *r, const char *key)
{
	for (size_t i = 0; i < r->streams.count; i++)
		if (strcmp(r->streams.list[i].key, key) == 0)
			return &r->streams.list[i];
	return NULL;
}

static enum ipc_link_entry
judged(const struct engine_entry *entry)
{
	if (entry->malformed || entry->signature_len != IPC_LINK_SIGNATURE)
		return IPC_LINK_FIELDS;
	return entry->payload_len > IPC_LINK_DATA_MAX ? IPC_LINK_LONG
						      : IPC_LINK_WHOLE;
}

/* Ignores streams that we did not ask for, and entries that we have: the engine
 * is at fault there. */
static bool
send_entry(void *arg, const struct engine_entry *entry)
{
	struct reader *r = arg;
	struct stream *stream = find(r, entry->key);
	const struct sender_entry out = {.key = entry->key,
					 .id = entry->id,
					 .code = judged(entry),
					 .data = entry->payload,
					 .data_len = entry->payload_len,
					 .signature = entry->signature};

	if (stream == NULL || streamid_compare(entry->id, stream->cursor) <= 0)
		return true;
	if (!sender_has_room(r->sender))
		return false;
	sender_entry(r->sender, &out);
	stream->cursor = entry->id;
	return true;
}

static void
send_entries(struct reader *r)
{
	int done = engine_read_entries(r->answer, &r->sent, send_entry, r);

	if (done == 0)
		return;
	resp_value_free(&r->answer);
	if (done < 0) {
		channel_fail(r->channel, CHANNEL_PROTOCOL,
			     "invalid reply to XREAD");
		return;
	}
	go_on(r);
}

/* One key that is not a readable stream makes XREAD fail for all; the check
 * finds out which one. If it does not, the command itself is refused. */
static void
entries_refused(struct reader *r, const struct resp_value *value)
{
	enum engine_error error = engine_error_of(value->text);
	bool of_a_key = error == ENGINE_FORBIDDEN || error == ENGINE_WRONG_TYPE;

	if (!of_a_key || r->suspicious) {
		channel_refused(r->channel, value, ENGINE_XREAD,
				r->streams.list[0].key);
		return;
	}
	r->suspicious = true;
	r->next_check = 0;
	go_on(r);
}

/* Whether all streams can be read; those that the worker ignores could be. */
static bool
is_entire(const struct reader *r)
{
	for (size_t i = 0; i < r->streams.count; i++) {
		const struct stream *stream = &r->streams.list[i];

		if (!stream->ignored && !is_readable(r, stream))
			return false;
	}
	return true;
}

/* Drops entries of a list that is no longer in force: the new list says where
 * to read from. */
static void
take_entries(struct reader *r, struct resp_value *value)
{
	r->question = NOTHING;
	if (value->type == RESP_ERROR) {
		entries_refused(r, value);
		return;
	}
	r->suspicious = false;
	r->alone += r->careful;
	channel_works(r->channel, is_entire(r));
	if (value->type == RESP_NIL || r->renew) {
		go_on(r);
		return;
	}
	r->answer = resp_take(value);
	r->sent = 0;
	send_entries(r);
}

static void
on_reply(void *arg, struct resp_value *value)
{
	struct reader *r = arg;

	if (r->question == CHECKS)
		take_checks(r, value);
	else if (r->question == ENTRIES)
		take_entries(r, value);
	else
		channel_fail(r->channel, CHANNEL_PROTOCOL, "unexpected reply");
}

/* ---- the connection ---- */

static void
take_list(struct reader *r)
{
	r->renew = false;
	resp_value_free(&r->answer);
	for (size_t i = 0; i < r->coming.count; i++) {
		struct stream *stream = &r->coming.list[i];
		const struct stream *before = find(r, stream->key);

		if (before == NULL)
			continue;
		stream->skipped_until = before->skipped_until;
		stream->ignored = before->ignored;
	}
	r->streams = r->coming;
	r->careful = false;
	r->next_check = 0;
}

/* Asks the next question once the last one is answered and the worker has been
 * sent the answer. */
static void
go_on(struct reader *r)
{
	if (r->question != NOTHING)
		return;
	if (r->renew)
		take_list(r);
	channel_want(r->channel, r->streams.count > 0);
	if (r->connection == NULL || r->answer != NULL)
		return;
	timer_disarm(r->pause);
	ask_something(r);
}

static void
on_ready(void *arg, struct connection *connection)
{
	struct reader *r = arg;

	r->connection = connection;
	r->suspicious = false;
	r->next_check = 0;
	connection_expect(connection, 0);
	go_on(r);
}

/* The stream whose reply exceeded the limits; NULL: unknown. */
static struct stream *
culprit(struct reader *r)
{
	if (r->question == CHECKS)
		return next_asked(r);
	if (r->question == ENTRIES && (r->careful || r->streams.count == 1))
		return &r->streams.list[r->alone];
	return NULL;
}

static void
shun(struct reader *r, struct stream *stream)
{
	char *text = alloc_format("not reading stream %s for 5 minutes: its "
				  "contents exceed the limits",
				  stream->key);

	stream->skipped_until = now(r) + SKIPPED_MS;
	reports_tell(r->reports, IPC_LINK_READER, IPC_LINK_ERROR, text);
	free(text);
}

static void
on_lost(void *arg, bool malformed)
{
	struct reader *r = arg;
	struct stream *stream = malformed ? culprit(r) : NULL;

	if (stream != NULL)
		shun(r, stream);
	else if (malformed && r->question == ENTRIES)
		r->careful = true;
	r->alone = 0;
	r->connection = NULL;
	r->question = NOTHING;
	resp_value_free(&r->answer);
	timer_disarm(r->pause);
}

static void
on_pause(void *arg)
{
	go_on(arg);
}

/* ---- the worker ---- */

void
reader_begin(struct reader *r)
{
	r->coming.count = 0;
	r->renew = true;
	resp_value_free(&r->answer);
	go_on(r);
}

void
reader_list(struct reader *r, const struct ipc_link_packet *packet)
{
	struct stream *stream;

	if (packet->index == 0)
		r->coming.count = 0;
	if (packet->count > 0) {
		stream = &r->coming.list[r->coming.count++];
		*stream = (struct stream){.cursor = packet->id};
		memcpy(stream->key, packet->key, IPC_LINK_KEY_MAX);
	}
	r->renew = packet->index + 1 >= packet->count;
	if (r->renew)
		go_on(r);
}

void
reader_ignore(struct reader *r, const char *key)
{
	struct stream *stream = find(r, key);

	if (stream == NULL)
		return;
	stream->ignored = true;
	stream->skipped_until = now(r) + IPC_LINK_IGNORED_MS;
}

void
reader_again(struct reader *r)
{
	channel_again(r->channel);
}

void
reader_resume(struct reader *r)
{
	if (r->answer != NULL)
		send_entries(r);
}

struct reader *
reader_new(struct loop *loop, const struct credentials *credentials,
	   struct reports *reports, struct sender *sender)
{
	static const struct channel_ops ops = {on_ready, on_reply, on_lost};
	struct reader *r = alloc_zero(1, sizeof(*r));

	r->loop = loop;
	r->reports = reports;
	r->sender = sender;
	r->channel =
	    channel_new(loop, credentials, IPC_LINK_READER, reports, &ops, r);
	r->pause = timer_new(loop, on_pause, r);
	return r;
}

void
reader_free(struct reader **r)
{
	if (*r == NULL)
		return;
	timer_free(&(*r)->pause);
	channel_free(&(*r)->channel);
	resp_value_free(&(*r)->answer);
	free(*r);
	*r = NULL;
}
