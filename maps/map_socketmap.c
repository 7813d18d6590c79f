/*
 * socketmap: Postfix asks, and is answered out of the table as it is then; see
 * socketmap_table(5). The request is "NAME KEY", the answer "OK VALUE" or
 * "NOTFOUND ". Whatever the name, there is one table.
 *
 * Postfix asks such a table for host names and for whole addresses, never for
 * shortened ones; so every address may be told, also one that would stand for
 * others as a key in a file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/mapserver.h"
#include "maps/netstring.h"

enum {
	STRING_MAX = 2048, /* a name and a key; an address needs some 50 */
	VALUE_MAX = 1024,
};

static void
reply(struct stream *client, const char *text, size_t len)
{
	char out[VALUE_MAX + NETSTRING_FRAME_MAX];

	stream_answer(client, out, netstring_format(out, text, len));
}

/* Only an address bare of all decoration is a key: "[192.0.2.7]" is what a
 * client says of itself in its HELO, and a zone is of this machine. */
static bool
parse_key(struct addr *addr, const char *key, size_t len)
{
	if (memchr(key, '[', len) != NULL || memchr(key, '%', len) != NULL)
		return false;
	return addr_parse(addr, key, len) == 0;
}

static void
look_up(struct mapserver *ms, struct stream *client, const char *key,
	size_t len)
{
	const struct map_settings *settings = ms->map.settings;
	const struct map_host *host = settings->host;
	char text[VALUE_MAX];
	struct addr addr;
	time_t when;
	int n;

	if (!parse_key(&addr, key, len) ||
	    !host->lookup(host->arg, &addr, &when)) {
		reply(client, "NOTFOUND ", 9);
		return;
	}
	if (settings->value != NULL)
		n = snprintf(text, sizeof(text), "OK %s", settings->value);
	else
		n = snprintf(text, sizeof(text), "OK %lld",
			     (long long)(when < 0 ? 0 : when));
	reply(client, text, (size_t)n);
}

static ssize_t
on_request(void *arg, struct stream *client, const char *bytes, size_t len)
{
	static const char no_key[] = "PERM no key in the request";
	const char *request, *space;
	size_t request_len;
	ssize_t taken =
	    netstring_parse(bytes, len, STRING_MAX, &request, &request_len);

	if (taken <= 0)
		return taken;
	space = memchr(request, ' ', request_len);
	if (space == NULL)
		reply(client, no_key, sizeof(no_key) - 1);
	else
		look_up(arg, client, space + 1,
			(size_t)(request + request_len - space - 1));
	return taken;
}

static struct map *
socketmap_open(const char *name, const struct map_settings *settings,
	       struct err *err)
{
	struct mapserver *ms;

	if (settings->value != NULL &&
	    strlen(settings->value) > VALUE_MAX - 4) {
		err_set(err, "the value is longer than %d bytes",
			VALUE_MAX - 4);
		return NULL;
	}
	ms = alloc_zero(1, sizeof(*ms));
	if (mapserver_open(ms, name, STRING_MAX + NETSTRING_FRAME_MAX,
			   on_request, settings, err) == 0)
		return &ms->map;
	free(ms);
	return NULL;
}

static void
socketmap_close(struct map *map)
{
	struct mapserver *ms = (struct mapserver *)map;

	mapserver_close(ms);
	free(ms);
}

const struct map_ops map_socketmap = {
    .type = "socketmap",
    .open = socketmap_open,
    .start = mapserver_start,
    .clear = mapserver_clear,
    .close = socketmap_close,
};
