#include "daemon/keeper/boot_map.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "maps/map.h"

/* Named in packaging/tmpfiles.conf, too. */
#define EMPTY STATE_DIR "/empty"

/* The types that Postfix reads whose empty map is not an empty file. */
static const struct {
	const char *memory, *empty, *file;
} kinds[] = {
    {"hash:" RUN_DIR "/", "hash:" EMPTY, EMPTY ".db"},
    {"lmdb:" RUN_DIR "/", "lmdb:" EMPTY, EMPTY ".lmdb"},
    {"cdb:" RUN_DIR "/", "cdb:" EMPTY, EMPTY ".cdb"},
};

static int
make_empty(const char *spec, const struct map_settings *settings,
	   struct err *err)
{
	struct map *map = map_open(spec, "hash", settings, err);
	int result = map != NULL ? map_clear(map, err) : -1;

	map_close(&map);
	return result;
}

static void
keep(const struct map *map)
{
	struct err err;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strncmp(map_name(map), kinds[i].memory,
			    strlen(kinds[i].memory)) != 0 ||
		    access(kinds[i].file, F_OK) == 0)
			continue;
		if (make_empty(kinds[i].empty, map->settings, &err) != 0)
			log_warning("%s; if the daemon does not start at boot, "
				    "Postfix will not find %s",
				    err.text, map_name(map));
	}
}

void
boot_map_keep(struct map *const *maps, size_t nmaps)
{
	for (size_t i = 0; i < nmaps; i++)
		if (maps[i] != NULL)
			keep(maps[i]);
}
