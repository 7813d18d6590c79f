/* resp: replies whole and in pieces, and hostile ones. */
#include "daemon/link/resp.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "tests/tap.h"

#ifdef WITHOUT_PEERS

int
main(void)
{
	tap_skip("all", "built without hiredis");
	return tap_done();
}

#else

/* A value as text: 'a string', !an error, 5, nil, [ a list ]. */
static void
print(FILE *f, const struct resp_value *value)
{
	switch (value->type) {
	case RESP_TEXT:
		fprintf(f, "'%.*s'", (int)value->len, value->text);
		break;
	case RESP_ERROR:
		fprintf(f, "!%s", value->text);
		break;
	case RESP_INTEGER:
		fprintf(f, "%lld", (long long)value->integer);
		break;
	case RESP_NIL:
		fprintf(f, "nil");
		break;
	case RESP_LIST:
		fprintf(f, "[");
		for (size_t i = 0; i < value->len; i++) {
			fprintf(f, " ");
			print(f, value->list[i]);
		}
		fprintf(f, " ]");
		break;
	}
}

/* All replies in bytes, fed in pieces of this length; "error" if there is no
 * more to be had of it. For free(3). */
static char *
replies(const char *bytes, size_t len, size_t piece)
{
	struct resp *resp = resp_new();
	struct resp_value *value;
	struct err err;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int got = 0;

	for (size_t at = 0; at < len && got >= 0; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		got = resp_feed(resp, bytes + at, n, &err);
		while (got >= 0 && (got = resp_next(resp, &value, &err)) == 1) {
			print(f, value);
			fprintf(f, ";");
			resp_value_free(&value);
		}
	}
	if (got < 0)
		fprintf(f, "error");
	fclose(f);
	resp_free(&resp);
	return text;
}

/* hiredis waits for a text of 10 GB, if a size_t can have that length. */
#if SIZE_MAX > UINT32_MAX
#define VERY_LONG ""
#else
#define VERY_LONG "error"
#endif

static const struct {
	const char *bytes, *replies;
} cases[] = {
    {"+OK\r\n", "'OK';"},
    {"-ERR no such key\r\n", "!ERR no such key;"},
    {":1000\r\n", "1000;"},
    {":-1\r\n", "-1;"},
    {"$5\r\nhello\r\n", "'hello';"},
    {"$0\r\n\r\n", "'';"},
    {"$-1\r\n", "nil;"},
    {"*-1\r\n", "nil;"},
    {"*0\r\n", "[ ];"},
    {"*2\r\n+a\r\n*2\r\n:1\r\n$-1\r\n", "[ 'a' [ 1 nil ] ];"},
    {"+a\r\n+b\r\n:3\r\n", "'a';'b';3;"},
    {"*1\r\n*2\r\n$8\r\npbs:pop1\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*4\r\n"
     "$1\r\np\r\n$1\r\nx\r\n$1\r\ns\r\n$1\r\ny\r\n",
     "[ [ 'pbs:pop1' [ [ '1-0' [ 'p' 'x' 's' 'y' ] ] ] ] ];"},
    /* not whole */
    {"", ""},
    {"+OK", ""},
    {"$5\r\nhel", ""},
    {"*2\r\n+a\r\n", ""},
    {"$10000000000\r\nx", VERY_LONG},
    /* no RESP */
    {"HTTP/1.1 400 Bad Request\r\n", "error"},
    {"\x15\x03\x03", "error"},
    {"+a\r\nx", "'a';error"},
    {"$-2\r\n", "error"},
    {"*-2\r\n", "error"},
    {"$x\r\n", "error"},
    {":\r\n", "error"},
    {":99999999999999999999\r\n", "error"},
    {"*4294967296\r\n", "error"},
    {"$18446744073709551615\r\n", "error"},
    /* more than we take */
    {"*4097\r\n", "error"},
    {"*100000000\r\n", "error"},
    {"*2147483647\r\n", "error"},
    {"*2\r\n*1\r\n+a\r\n*4097\r\n", "error"},
    {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
     "error"},
    /* RESP3, which nobody asked for */
    {"%1\r\n+a\r\n+b\r\n", "error"},
    {"~1\r\n+a\r\n", "error"},
    {"#t\r\n", "error"},
    {",1.5\r\n", "error"},
    {"(12345678901234567890\r\n", "error"},
    {"=5\r\ntxt:a\r\n", "error"},
    {">1\r\n+a\r\n", "error"},
};

static void
cases_are_read(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t piece = 1; piece <= 64; piece *= 4) {
			size_t len = strlen(cases[i].bytes);
			char *got = replies(cases[i].bytes, len, piece);

			is_str(got, cases[i].replies, "case %zu by %zu", i,
			       piece);
			free(got);
		}
}

static void
sizes_are_bounded(void)
{
	const size_t most = RESP_BYTES_MAX;
	char *bytes = alloc_zero(most + 64, 1), *got;
	int head;

	memset(bytes, 'x', most + 64);
	bytes[0] = '+';
	got = replies(bytes, most + 1, 65536);
	is_str(got, "error", "a line without an end");
	free(got);
	head = snprintf(bytes, 32, "$%zu\r\n", most);
	bytes[head] = 'x';
	got = replies(bytes, most + 64, 65536);
	is_str(got, "error", "a string that is too long");
	free(got);

	/* A few bytes on the wire, many in memory. */
	head = snprintf(bytes, 32, "*4096\r\n");
	for (size_t i = 0; i < 4096; i++)
		head += snprintf(bytes + head, 32, "*4096\r\n%s", "");
	for (size_t i = 0; i < 1000000; i++)
		memcpy(bytes + head + i * 4, ":1\r\n", 4);
	got = replies(bytes, (size_t)head + 4000000, 65536);
	is_str(got, "error", "lists of lists");
	free(got);

	for (size_t i = 0; i < most / 6; i++)
		memcpy(bytes + i * 6, "+abc\r\n", 6);
	got = replies(bytes, most / 6 * 6, 65536);
	is_int((long long)strlen(got), (long long)(most / 6 * 6),
	       "many short ones after each other are no long one");
	free(got);
	free(bytes);
}

static void
commands_are_written(void)
{
	static const char *const words[] = {"XADD", "pbs:pop1", "a\0\r\n"};
	static const size_t lens[] = {4, 8, 4};
	static const char wanted[] =
	    "*3\r\n$4\r\nXADD\r\n$8\r\npbs:pop1\r\n$4\r\na\0\r\n\r\n";
	size_t len;
	char *bytes = resp_command(3, words, lens, &len);

	ok(len == sizeof(wanted) - 1 && memcmp(bytes, wanted, len) == 0,
	   "a command, with any bytes");
	free(bytes);
}

static void
members_are_found(void)
{
	static const char bytes[] = "*5\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*0\r\n"
				    "$1\r\nc\r\n";
	struct resp *resp = resp_new();
	struct resp_value *value, *taken;
	struct err err;

	resp_feed(resp, bytes, sizeof(bytes) - 1, &err);
	resp_next(resp, &value, &err);
	is_int(resp_member(value, "a")->integer, 1, "by name");
	is_int(resp_member(value, "b")->type, RESP_LIST, "and the next");
	ok(resp_member(value, "c") == NULL, "a name without a value");
	ok(resp_member(value, "d") == NULL, "no such name");
	ok(resp_member(value->list[0], "a") == NULL, "of no list");
	ok(resp_is_text(value->list[0], "a") && !resp_is_text(value, "a") &&
	       !resp_is_text(value->list[0], "ab"),
	   "text is compared");
	taken = resp_take(value);
	is_int(value->type, RESP_NIL, "what was taken over is a nil");
	is_int((long long)taken->len, 5, "and is elsewhere");
	resp_value_free(&taken);
	resp_value_free(&value);
	resp_free(&resp);
}

int
main(void)
{
	cases_are_read();
	sizes_are_bounded();
	commands_are_written();
	members_are_found();
	return tap_done();
}

#endif
