#include "maps/live/mapserver.h"

#include "base/err.h"

int
mapserver_open(struct mapserver *ms, const char *name, size_t request_max,
	       streamserver_fn *fn, const struct map_settings *settings,
	       struct err *err)
{
	if (settings->host == NULL)
		return streamserver_check(name, err);
	ms->server = streamserver_open(settings->host->loop, name, request_max,
				       fn, ms, err);
	return ms->server != NULL ? 0 : -1;
}

void
mapserver_close(struct mapserver *ms)
{
	streamserver_close(&ms->server);
}

int
mapserver_start(struct map *map, struct err *err)
{
	struct mapserver *ms = (struct mapserver *)map;

	if (ms->server == NULL)
		return err_set(err, "its server is closed");
	return streamserver_start(ms->server, err);
}

int
mapserver_clear(struct map *map, struct err *err)
{
	(void)err;
	mapserver_close((struct mapserver *)map);
	return 0;
}
