#include "daemon/link/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/connection.h"
#include "daemon/link/resp.h"

/* A command being built. */
struct command {
	size_t count;
	const char *words[3 + 4 + 2 * IPC_LINK_STREAMS_MAX];
	size_t lens[3 + 4 + 2 * IPC_LINK_STREAMS_MAX];
};

static void
add_bytes(struct command *command, const void *bytes, size_t len)
{
	command->words[command->count] = bytes;
	command->lens[command->count] = len;
	command->count++;
}

static void
add(struct command *command, const char *word)
{
	add_bytes(command, word, strlen(word));
}

static void
add_words(struct command *command, const char *const *words)
{
	for (; *words != NULL; words++)
		add(command, *words);
}

static void
put(struct connection *connection, const struct command *command)
{
	connection_send(connection, command->count, command->words,
			command->lens);
}

/* ---- questions ---- */

void
engine_hello(struct connection *connection, const char *user,
	     const char *password)
{
	struct command command = {0};

	add_words(&command, (const char *const[]){"HELLO", "2", NULL});
	if (password != NULL) {
		add(&command, "AUTH");
		add(&command, user != NULL ? user : "default");
		add(&command, password);
	}
	put(connection, &command);
}

void
engine_info(struct connection *connection, const char *key)
{
	struct command command = {0};

	add_words(&command,
		  (const char *const[]){"XINFO", "STREAM", key, NULL});
	put(connection, &command);
}

void
engine_append(struct connection *connection,
	      const struct engine_addition *addition)
{
	struct command command = {0};
	char id[STREAMID_SIZE], mark[STREAMID_SIZE];

	add(&command, "XADD");
	add(&command, addition->key);
	if (!addition->create)
		add(&command, "NOMKSTREAM");
	if (!streamid_is_zero(addition->mark))
		add_words(&command,
			  (const char *const[]){
			      "MINID", "~",
			      streamid_print(addition->mark, mark), NULL});
	add(&command, streamid_print(addition->id, id));
	add(&command, "p");
	add_bytes(&command, addition->payload, addition->payload_len);
	add(&command, "s");
	add_bytes(&command, addition->signature, addition->signature_len);
	put(connection, &command);
}

void
engine_trim(struct connection *connection, const char *key,
	    struct streamid mark)
{
	struct command command = {0};
	char text[STREAMID_SIZE];

	add_words(&command,
		  (const char *const[]){"XTRIM", key, "MINID", "~",
					streamid_print(mark, text), NULL});
	put(connection, &command);
}

void
engine_read(struct connection *connection, const char *const *keys,
	    const struct streamid *ids, size_t count, bool wait)
{
	struct command command = {0};
	char texts[IPC_LINK_STREAMS_MAX][STREAMID_SIZE], number[2][16];

	snprintf(number[0], sizeof(number[0]), "%d", ENGINE_READ_COUNT);
	snprintf(number[1], sizeof(number[1]), "%d", ENGINE_BLOCK_MS);
	add_words(&command,
		  (const char *const[]){"XREAD", "COUNT", number[0], NULL});
	if (wait)
		add_words(&command,
			  (const char *const[]){"BLOCK", number[1], NULL});
	add(&command, "STREAMS");
	for (size_t i = 0; i < count; i++)
		add(&command, keys[i]);
	for (size_t i = 0; i < count; i++)
		add(&command, streamid_print(ids[i], texts[i]));
	put(connection, &command);
}

char *
engine_command_text(enum engine_command command, const char *key)
{
	static const char *const names[] = {[ENGINE_XINFO] = "XINFO STREAM",
					    [ENGINE_XADD] = "XADD",
					    [ENGINE_XTRIM] = "XTRIM",
					    [ENGINE_XREAD] = "XREAD"};

	return alloc_format("%s %s", names[command], key);
}

char *
engine_command_rule(enum engine_command command, const char *key, bool own)
{
	static const char *const rules[] = {[ENGINE_XINFO] = "+xinfo|stream",
					    [ENGINE_XADD] = "+xadd",
					    [ENGINE_XTRIM] = "+xtrim",
					    [ENGINE_XREAD] = "+xread"};

	if (own)
		return alloc_format("~%s %s", key, rules[command]);
	return alloc_format("%%R~%.*s:* %s", (int)strcspn(key, ":"), key,
			    rules[command]);
}

/* ---- errors ---- */

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The protocol defines only the first word. The sentences after ERR differ
 * between releases, and between Redis and Valkey. */
enum engine_error
engine_error_of(const char *text)
{
	static const struct {
		const char *begin, *within;
		enum engine_error error;
	} known[] = {
	    {"LOADING ", "", ENGINE_LATER},
	    {"MASTERDOWN ", "", ENGINE_LATER},
	    {"NOREPLICAS ", "", ENGINE_LATER},
	    {"MISCONF ", "", ENGINE_LATER},
	    {"CLUSTERDOWN ", "", ENGINE_LATER},
	    {"BUSY ", "", ENGINE_LATER},
	    {"ERR ", "max number of clients", ENGINE_LATER},
	    {"READONLY ", "", ENGINE_NOT_MASTER},
	    {"UNBLOCKED ", "", ENGINE_NOT_MASTER},
	    {"OOM ", "", ENGINE_FULL},
	    {"ERR ", "equal or smaller", ENGINE_SMALLER},
	    {"ERR ", "exhausted", ENGINE_EXHAUSTED},
	    {"ERR ", "no such key", ENGINE_NO_KEY},
	    {"WRONGTYPE ", "", ENGINE_WRONG_TYPE},
	    {"NOPERM ", "", ENGINE_FORBIDDEN},
	    {"NOAUTH ", "", ENGINE_NO_AUTH},
	    {"WRONGPASS ", "", ENGINE_NO_AUTH},
	    {"MOVED ", "", ENGINE_CLUSTER},
	    {"ASK ", "", ENGINE_CLUSTER},
	    {"CROSSSLOT ", "", ENGINE_CLUSTER},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begins(text, known[i].begin) &&
		    strstr(text, known[i].within) != NULL)
			return known[i].error;
	return ENGINE_UNKNOWN;
}

/* ---- answers ---- */

static const char *
text_member(const struct resp_value *value, const char *name)
{
	const struct resp_value *member = resp_member(value, name);

	return member != NULL && member->type == RESP_TEXT ? member->text : "";
}

int
engine_read_greeting(const struct resp_value *value,
		     struct engine_greeting *greeting)
{
	const char *server = text_member(value, "server");
	const char *version = text_member(value, "version");
	const char *mode = text_member(value, "mode");
	char text[64];

	if (*server == '\0' || *version == '\0')
		return -1;
	snprintf(text, sizeof(text), "%.30s %.30s", server, version);
	log_printable(greeting->server, sizeof(greeting->server), text,
		      strlen(text));
	greeting->master = strcmp(text_member(value, "role"), "master") == 0;
	greeting->cluster = strcmp(mode, "cluster") == 0;
	greeting->sentinel = strcmp(mode, "sentinel") == 0;
	return 0;
}

static int
id_of(const struct resp_value *value, struct streamid *id)
{
	if (value == NULL || value->type != RESP_TEXT)
		return -1;
	return streamid_parse(id, value->text, value->len);
}

int
engine_last_id(const struct resp_value *value, struct streamid *id)
{
	return id_of(resp_member(value, "last-generated-id"), id);
}

int
engine_added_id(const struct resp_value *value, struct streamid *id)
{
	return id_of(value, id);
}

static void
take_field(struct engine_entry *entry, const struct resp_value *name,
	   const struct resp_value *value)
{
	bool payload = resp_is_text(name, "p"), sign = resp_is_text(name, "s");

	if ((!payload && !sign) || value->type != RESP_TEXT ||
	    (payload && entry->payload != NULL) ||
	    (sign && entry->signature != NULL)) {
		entry->malformed = true;
	} else if (payload) {
		entry->payload = value->text;
		entry->payload_len = value->len;
	} else {
		entry->signature = value->text;
		entry->signature_len = value->len;
	}
}

/* An id and its fields. The writer chose the fields, so malformed ones are not
 * the engine's fault. */
static int
parse_entry(const struct resp_value *value, struct engine_entry *entry)
{
	const struct resp_value *fields;

	if (value->type != RESP_LIST || value->len != 2 ||
	    id_of(value->list[0], &entry->id) != 0)
		return -1;
	fields = value->list[1];
	if (fields->type != RESP_LIST || fields->len % 2 != 0)
		return -1;
	for (size_t i = 0; i < fields->len; i += 2)
		take_field(entry, fields->list[i], fields->list[i + 1]);
	if (entry->payload == NULL || entry->signature == NULL)
		entry->malformed = true;
	return 0;
}

static bool
is_stream(const struct resp_value *value)
{
	return value->type == RESP_LIST && value->len == 2 &&
	       value->list[0]->type == RESP_TEXT &&
	       value->list[1]->type == RESP_LIST;
}

int
engine_read_entries(const struct resp_value *value, size_t *at,
		    engine_entry_fn *fn, void *arg)
{
	size_t number = 0;

	if (value->type != RESP_LIST)
		return -1;
	for (size_t i = 0; i < value->len; i++) {
		const struct resp_value *stream = value->list[i];

		if (!is_stream(stream))
			return -1;
		for (size_t j = 0; j < stream->list[1]->len; j++, number++) {
			struct engine_entry entry = {.key =
							 stream->list[0]->text};

			if (number < *at)
				continue;
			if (parse_entry(stream->list[1]->list[j], &entry) != 0)
				return -1;
			if (!fn(arg, &entry))
				return 0;
			++*at;
		}
	}
	return 1;
}
