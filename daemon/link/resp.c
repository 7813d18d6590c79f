#include "daemon/link/resp.h"

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/alloc.h"
#include "base/err.h"

enum {
	/* Bytes that a value takes besides its text; there may be many values.
	 */
	VALUE_COST = sizeof(struct resp_value) + sizeof(void *),
	/* Nesting of lists; a reply to XREAD has five levels. hiredis 0.14 has
	 * a limit of its own, 1.2 has none. */
	DEPTH_MAX = 7,
};

struct resp {
	redisReader *reader;
	size_t unread; /* bytes fed that are not part of a complete reply yet */
	size_t cost;   /* of the values of the reply that is being read */
};

/* ---- values, as hiredis' reader makes them ---- */

/* hiredis 1.0 and later accept more types than RESP2 has. */
static bool
is_known(int type)
{
	return type == REDIS_REPLY_STRING || type == REDIS_REPLY_STATUS ||
	       type == REDIS_REPLY_ERROR || type == REDIS_REPLY_INTEGER ||
	       type == REDIS_REPLY_NIL || type == REDIS_REPLY_ARRAY;
}

/* NULL stops the parsing: hiredis then reports that it is out of memory. */
static struct resp_value *
make(const redisReadTask *task, enum resp_type type, size_t cost)
{
	struct resp *resp = task->privdata;
	struct resp_value *value;

	cost += VALUE_COST;
	if (cost > RESP_BYTES_MAX - resp->cost || !is_known(task->type) ||
	    resp->reader->ridx > DEPTH_MAX)
		return NULL;
	resp->cost += cost;
	value = alloc_zero(1, sizeof(*value));
	value->type = type;
	if (task->parent != NULL) {
		struct resp_value *list = task->parent->obj;

		list->list[task->idx] = value;
	}
	return value;
}

static void *
make_text(const redisReadTask *task, char *text, size_t len)
{
	struct resp_value *value =
	    make(task, task->type == REDIS_REPLY_ERROR ? RESP_ERROR : RESP_TEXT,
		 len);

	if (value == NULL)
		return NULL;
	value->text = alloc_bytes(text, len);
	value->len = len;
	return value;
}

/* Before hiredis 1.0 the number of elements was an int. */
#if HIREDIS_MAJOR >= 1
typedef size_t list_length;
#else
typedef int list_length;
#endif

static void *
make_list(const redisReadTask *task, list_length count)
{
	struct resp_value *value;

	if ((size_t)count > RESP_LIST_MAX)
		return NULL;
	value = make(task, RESP_LIST, 0);
	if (value == NULL)
		return NULL;
	value->list = alloc_zero((size_t)count, sizeof(value->list[0]));
	value->len = (size_t)count;
	return value;
}

static void *
make_integer(const redisReadTask *task, long long integer)
{
	struct resp_value *value = make(task, RESP_INTEGER, 0);

	if (value != NULL)
		value->integer = integer;
	return value;
}

static void *
make_nil(const redisReadTask *task)
{
	return make(task, RESP_NIL, 0);
}

static void
free_made(void *made)
{
	struct resp_value *value = made;

	resp_value_free(&value);
}

#if HIREDIS_MAJOR >= 1
static void *
refuse_double(const redisReadTask *task, double number, char *text, size_t len)
{
	(void)task;
	(void)number;
	(void)text;
	(void)len;
	return NULL;
}

static void *
refuse_bool(const redisReadTask *task, int number)
{
	(void)task;
	(void)number;
	return NULL;
}
#endif

static const redisReplyObjectFunctions functions = {
    .createString = make_text,
    .createArray = make_list,
    .createInteger = make_integer,
    .createNil = make_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = free_made,
};

/* ---- reading ---- */

struct resp *
resp_new(void)
{
	struct resp *resp = alloc_zero(1, sizeof(*resp));

	resp->reader = redisReaderCreateWithFunctions(
	    (redisReplyObjectFunctions *)(uintptr_t)&functions);
	if (resp->reader == NULL)
		abort();
	resp->reader->privdata = resp;
	return resp;
}

void
resp_free(struct resp **resp)
{
	if (*resp == NULL)
		return;
	redisReaderFree((*resp)->reader);
	free(*resp);
	*resp = NULL;
}

int
resp_feed(struct resp *resp, const char *bytes, size_t len, struct err *err)
{
	if (len > RESP_BYTES_MAX - resp->unread)
		return err_set(err, "reply larger than %d MB",
			       RESP_BYTES_MAX / 1024 / 1024);
	resp->unread += len;
	if (redisReaderFeed(resp->reader, bytes, len) != REDIS_OK)
		return err_set(err, "%s", redisReaderGetError(resp->reader));
	return 0;
}

static int
refused(const struct resp *resp, struct err *err)
{
	if (resp->reader->err == REDIS_ERR_OOM)
		return err_set(err, "reply exceeds the limits");
	return err_set(err, "invalid reply: %s",
		       redisReaderGetError(resp->reader));
}

int
resp_next(struct resp *resp, struct resp_value **value, struct err *err)
{
	void *made = NULL;

	if (redisReaderGetReply(resp->reader, &made) != REDIS_OK)
		return refused(resp, err);
	*value = made;
	if (made == NULL)
		return 0;
	resp->cost = 0;
	resp->unread = resp->reader->len - resp->reader->pos;
	return 1;
}

void
resp_value_free(struct resp_value **value)
{
	if (*value == NULL)
		return;
	for (size_t i = 0; (*value)->list != NULL && i < (*value)->len; i++)
		resp_value_free(&(*value)->list[i]);
	free((*value)->list);
	free((*value)->text);
	free(*value);
	*value = NULL;
}

struct resp_value *
resp_take(struct resp_value *value)
{
	struct resp_value *taken = alloc_zero(1, sizeof(*taken));

	*taken = *value;
	*value = (struct resp_value){.type = RESP_NIL};
	return taken;
}

/* ---- the rest ---- */

char *
resp_command(size_t count, const char *const *words, const size_t *lens,
	     size_t *len)
{
	char *formatted = NULL, *copy;
	const char **argv = alloc_zero(count, sizeof(*argv));
	long long n;

	memcpy(argv, words, count * sizeof(*argv));
	n = redisFormatCommandArgv(&formatted, (int)count, argv, lens);
	free(argv);
	if (n < 0)
		abort();
	*len = (size_t)n;
	copy = alloc_bytes(formatted, *len);
	redisFreeCommand(formatted);
	return copy;
}

bool
resp_is_text(const struct resp_value *value, const char *text)
{
	return value->type == RESP_TEXT && value->len == strlen(text) &&
	       memcmp(value->text, text, value->len) == 0;
}

const struct resp_value *
resp_member(const struct resp_value *value, const char *name)
{
	if (value->type != RESP_LIST)
		return NULL;
	for (size_t i = 0; i + 1 < value->len; i += 2)
		if (resp_is_text(value->list[i], name))
			return value->list[i + 1];
	return NULL;
}
