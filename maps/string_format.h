/*
 * string_format: how one type of map builds and reads a file of keys; only the
 * back ends and string_map.c use it.
 */
#ifndef MAPS_STRING_FORMAT_H
#define MAPS_STRING_FORMAT_H

#include "maps/map_strings.h"
#include "maps/mapfile.h"

struct string_format {
	const char *type, *suffix;
	/* Given a struct contents, as the map's own. */
	mapfile_build_fn *build;
	/* Calls fn for each key of a file. 0, or -1. */
	int (*read)(const char *path, map_strings_fn *fn, void *arg,
		    struct err *err);
};

extern const struct string_format string_hash;
extern const struct string_format string_lmdb; /* missing if WITHOUT_LMDB */
extern const struct string_format string_cdb;  /* missing if WITHOUT_CDB */

#endif
