/*
 * string_map: a map whose keys are strings, in the same files as the maps of
 * addresses (maps/map.h), and a table that is plain text.
 *
 * Both are files beside which a new one is built and then renamed over the old
 * one: a reader sees the old or the new one, whole. To change two that belong
 * together, build both, then commit both: what may fail has been done by then.
 *
 *	hash, lmdb, cdb			keys, all with the same value
 *	pcre, regexp, cidr, texthash	text
 *
 * Postfix folds the key that it looks up in a file of keys to lower case, so
 * the keys must be in lower case.
 */
#ifndef MAPS_STRING_MAP_H
#define MAPS_STRING_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "maps/map_strings.h"

struct err;
struct string_map;

/* Whether this type has keys and is compiled in: 0; or -1, and err names those
 * that are. */
int string_map_check_type(const char *type, struct err *);

/*
 * Whether main.cf can name such a map, type:name, in a list: absolute, not a
 * directory, without the suffix of the type and without blanks, commas, braces
 * and `$'. type: one of those; "" is a file of text. 0, or -1: err does not
 * begin with the name.
 */
int string_map_check_name(const char *type, const char *name, struct err *);

/* The path of its file, "/var/lib/x/map.db"; to be freed. */
char *string_map_path(const char *type, const char *name);

/*
 * type: one of those; "" is a file of text. name: absolute, and without the
 * suffix of the type. value: of all keys, borrowed; NULL for text. Checks the
 * name and the directory as map_open() does, and writes nothing but removes the
 * temporary files of writers that died. NULL: err says why, "type:name: ...".
 */
struct string_map *string_map_open(const char *type, const char *name,
				   const char *value, struct err *);
void string_map_close(struct string_map **);

/* Waits until no other process has the lock of this map, and holds it until
 * the map is closed. Only the owner can read the file of the lock, since
 * whoever can read it can hold it. 0, or -1. */
int string_map_lock(struct string_map *, struct err *);

/* Whether there is a current file. */
bool string_map_exists(const struct string_map *);

/* Calls fn for each key of the current file, in any order. 1; 0: there is no
 * file; -1: it cannot be read, or not to its end. */
int string_map_read(const struct string_map *, map_strings_fn *, void *arg,
		    struct err *);
/* The same for text, which the caller frees. */
int string_map_read_text(const struct string_map *, char **text, size_t *len,
			 struct err *);

/* Whether the current file is younger than that of another map. */
bool string_map_is_newer(const struct string_map *, const struct string_map *);

/* Builds and syncs the new file. 0, or -1: nothing has changed. */
int string_map_build(struct string_map *, const struct map_strings *,
		     struct err *);
int string_map_build_text(struct string_map *, const char *text, size_t len,
			  struct err *);

/* Keeps the current file, if there is one, as NAME.previous with the suffix of
 * the type, too. 0, or -1. */
int string_map_keep(struct string_map *, struct err *);

/* Puts what was built in place of the current file. 0; -1: that is as it was,
 * unless only syncing the directory failed. */
int string_map_commit(struct string_map *, struct err *);

#endif
