/* socketmap: answers Postfix from the current state of the table. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/live/mapserver.h"
#include "maps/live/socketmap.h"
#include "maps/map.h"

static ssize_t
on_request(void *arg, struct stream *client, const char *bytes, size_t len)
{
	const struct mapserver *ms = arg;
	char answer[SOCKETMAP_ANSWER_MAX];
	size_t answer_len;
	ssize_t taken =
	    socketmap_answer(ms->map.settings, bytes, len, answer, &answer_len);

	if (taken > 0)
		stream_answer(client, answer, answer_len);
	return taken;
}

static struct map *
socketmap_open(const char *name, const struct map_settings *settings,
	       struct err *err)
{
	struct mapserver *ms;

	if (settings->value != NULL &&
	    strlen(settings->value) > SOCKETMAP_VALUE_MAX) {
		err_set(err, "the value is longer than %d bytes",
			SOCKETMAP_VALUE_MAX);
		return NULL;
	}
	ms = alloc_zero(1, sizeof(*ms));
	if (mapserver_open(ms, name, SOCKETMAP_REQUEST_MAX, on_request,
			   settings, err) == 0)
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
