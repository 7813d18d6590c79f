#include "maps/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "maps/backends.h"

/* The registry: one line each. */
/* clang-format off */
static const struct map_ops *const BACKENDS[] = {
    &map_hash,
#ifndef WITHOUT_LMDB
    &map_lmdb,
#endif
#ifndef WITHOUT_CDB
    &map_cdb,
#endif
    &map_cidr,
    &map_text,
    &map_policy,
    &map_socketmap,
};
/* clang-format on */

enum { NBACKENDS = sizeof(BACKENDS) / sizeof(BACKENDS[0]) };

static const struct map_ops *
find(const char *type)
{
	for (size_t i = 0; i < NBACKENDS; i++)
		if (strcmp(BACKENDS[i]->type, type) == 0)
			return BACKENDS[i];
	return NULL;
}

const char *const *
map_types(void)
{
	static const char *types[NBACKENDS + 1];

	for (size_t i = 0; i < NBACKENDS; i++)
		types[i] = BACKENDS[i]->type;
	return types;
}

int
map_check_type(const char *type, struct err *err)
{
	const char *near;
	char *known;

	if (find(type) != NULL)
		return 0;
	near = suggest(type, map_types());
	if (near != NULL)
		return err_set(err,
			       "unknown map type '%s' (did you mean '%s'?)",
			       type, near);
	known = alloc_join(map_types(), ", ");
	err_set(err, "unknown map type '%s' (known: %s)", type, known);
	free(known);
	return -1;
}

/*
 * The type is the text before the first ':'. If a '/' comes earlier, the colon
 * belongs to a file name. NULL: there is no type.
 */
static char *
spec_type(const char *spec)
{
	size_t len = strcspn(spec, ":/");

	return spec[len] == ':' ? alloc_bytes(spec, len) : NULL;
}

static struct map *
open_type(const char *type, const char *name,
	  const struct map_settings *settings, struct err *err)
{
	const struct map_ops *ops = find(type);
	struct map *map;

	if (map_check_type(type, err) != 0)
		return NULL;
	map = ops->open(name, settings, err);
	if (map != NULL) {
		map->ops = ops;
		map->settings = settings;
	}
	return map;
}

struct map *
map_open(const char *spec, const char *default_type,
	 const struct map_settings *settings, struct err *err)
{
	char *type = spec_type(spec), *whole;
	const char *name = type ? spec + strlen(type) + 1 : spec;
	struct map *map;

	if (type == NULL)
		type = alloc_string(default_type);
	whole = alloc_format("%s:%s", type, name);
	map = open_type(type, name, settings, err);
	free(type);
	if (map == NULL) {
		err_prefix(err, "%s", whole);
		free(whole);
		return NULL;
	}
	map->name = whole;
	return map;
}

void
map_close(struct map **mapp)
{
	struct map *map = *mapp;
	char *name;

	if (map == NULL)
		return;
	name = map->name;
	map->ops->close(map);
	free(name);
	*mapp = NULL;
}

const char *
map_name(const struct map *map)
{
	return map->name;
}

/* Makes every message name its map. */
static int
result(const struct map *map, int code, struct err *err)
{
	return code < 0 ? err_prefix(err, "%s", map->name) : code;
}

static const struct map_ops *
find_spec(const char *spec)
{
	char *type = spec_type(spec);
	const struct map_ops *ops = type != NULL ? find(type) : NULL;

	free(type);
	return ops;
}

bool
map_spec_is_live(const char *spec)
{
	const struct map_ops *ops = find_spec(spec);

	return ops != NULL && ops->start != NULL;
}

bool
map_spec_is_shortened(const char *spec)
{
	char *type = spec_type(spec);
	const struct map_ops *ops = type != NULL ? find(type) : NULL;

	free(type);
	return ops != NULL && ops->shortened;
}

bool
map_spec_is_read_once(const char *spec)
{
	const struct map_ops *ops = find_spec(spec);

	return ops != NULL && ops->read_once;
}

bool
map_is_live(const struct map *map)
{
	return map->ops->start != NULL;
}

int
map_start(struct map *map, struct err *err)
{
	return result(map, map->ops->start(map, err), err);
}

int
map_change(struct map *map, const struct policy_settings *policy,
	   struct err *err)
{
	return map->ops->change == NULL
		   ? 0
		   : result(map, map->ops->change(map, policy, err), err);
}

int
map_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	return result(map, map->ops->replace(map, rows, err), err);
}

bool
map_can_apply(const struct map *map)
{
	return map->ops->apply != NULL;
}

bool
map_in_place(const struct map *map)
{
	return map->ops->in_place;
}

int
map_apply(struct map *map, const struct map_row *rows, size_t n,
	  struct err *err)
{
	assert(map_can_apply(map));
	return result(map, map->ops->apply(map, rows, n, err), err);
}

int
map_clear(struct map *map, struct err *err)
{
	return result(map, map->ops->clear(map, err), err);
}

long long
map_bytes_a_change(const struct map *map)
{
	return map->ops->bytes_a_change ? map->ops->bytes_a_change(map) : 0;
}

bool
map_exists(const struct map *map)
{
	return map->ops->exists != NULL && map->ops->exists(map);
}

int
map_intact(struct map *map)
{
	return map->ops->intact ? map->ops->intact(map) : 1;
}
