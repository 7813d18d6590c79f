/*
 * hash: a Berkeley DB hash file, NAME.db, always a new one.
 *
 * Changing it in place is wrong whatever locks are held: libdb caches pages in
 * each reader, so that a reader that lived through the split of a bucket no
 * longer finds keys that are there; Postfix notices changes by whole seconds;
 * and a reader that may write the file can overwrite pages of it.
 */
#include <assert.h>
#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/entry.h"
#include "maps/mapfile.h"

enum {
	PAGE_SIZE = 4096,
	PAGE_ROOM = PAGE_SIZE - 26,  /* less the header of a page */
	PAIR_OVERHEAD = 2 * (2 + 1), /* an index and a type for each item */
	/* Keys are put bucket by bucket, so few pages are in use at once: with
	 * 1 MB a million keys take no longer than with 64. */
	CACHE_BYTES = 1024 * 1024,
	/* Pairs in a bucket above which libdb splits one. More than fit on a
	 * page, so that only full pages split: we choose the number of buckets
	 * ourselves, and a split of the first doubles the size of the file. */
	FILL_FACTOR = 250,
};

struct map_hash {
	struct map map; /* first */
	struct mapfile file;
};

/* Rows sorted into the buckets where libdb will put them. */
struct slot {
	uint32_t link; /* the key's hash; later the next slot of the bucket */
	struct addr addr;
	uint8_t which; /* of its keys */
	time_t when;
};

struct pile {
	const struct map_settings *settings;
	struct slot *slots; /* from 1: 0 ends a chain */
	uint32_t count, room;
	uint64_t bytes; /* on the pages */
	uint32_t *heads;
	uint32_t buckets; /* a power of two */
};

/* libdb's first word on what went wrong: when the disk is full, the code that
 * it returns is ENOMEM, since it then cannot make room in its cache. */
static void
remember_message(const DB_ENV *env, const char *prefix, const char *message)
{
	struct err *err = env->app_private;

	(void)prefix;
	if (err != NULL && err->text[0] == '\0')
		err_set(err, "%s", message);
}

static int
db_err(struct err *err, const char *what, const char *path, int code)
{
	if (err->text[0] == '\0')
		err_set(err, "%s", db_strerror(code));
	return err_prefix(err, "%s %s", what, path);
}

/*
 * buckets: 0 = a file that is complete, else an empty one. Were there none,
 * libdb would create it, and on a full disk try that for 100 seconds. NULL: err
 * is set; else err is borrowed until the handle is closed.
 */
static DB *
open_db(const char *path, uint32_t buckets, struct err *err)
{
	uint32_t flags = buckets ? DB_CREATE : 0;
	DB *db;
	int code = db_create(&db, NULL, 0);

	err->text[0] = '\0';
	if (code != 0) {
		db_err(err, "create", path, code);
		return NULL;
	}
	db->set_errcall(db, remember_message);
	code = db->set_cachesize(db, 0, CACHE_BYTES, 1);
	if (code == 0 && buckets != 0)
		code = db->set_pagesize(db, PAGE_SIZE);
	if (code == 0 && buckets > 1)
		code = db->set_h_ffactor(db, FILL_FACTOR);
	if (code == 0 && buckets > 1)
		code = db->set_h_nelem(db, buckets * FILL_FACTOR);
	if (code == 0)
		code = db->open(db, NULL, path, NULL, DB_HASH, flags, 0);
	if (code != 0) {
		db_err(err, "open", path, code);
		db->close(db, DB_NOSYNC);
		return NULL;
	}
	db->get_env(db)->app_private = err;
	return db;
}

static int
put(DB *db, const struct entry *entry)
{
	DBT key = {.data = (void *)(uintptr_t)entry->key,
		   .size = (uint32_t)entry->key_size};
	DBT value = {.data = (void *)(uintptr_t)entry->value,
		     .size = (uint32_t)entry->value_size};

	return db->put(db, NULL, &key, &value, 0);
}

static int
take_away(DB *db, const struct entry *entry)
{
	DBT key = {.data = (void *)(uintptr_t)entry->key,
		   .size = (uint32_t)entry->key_size};
	int code = db->del(db, NULL, &key, 0);

	return code == DB_NOTFOUND ? 0 : code;
}

/*
 * libdb's own hash of a key (FNV-1 from zero). If another libdb has another
 * one, the table is as right as before, only slower to build.
 */
static uint32_t
bucket_hash(const char *key, size_t size)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < size; i++)
		hash = hash * 16777619u ^ (unsigned char)key[i];
	return hash;
}

static void
pile_add(struct pile *pile, const struct map_row *row,
	 const struct entry *entry, unsigned int which)
{
	struct slot *slot;

	if (++pile->count == pile->room) {
		assert(pile->room < UINT32_MAX / 2);
		pile->room *= 2;
		pile->slots =
		    alloc_resize(pile->slots, pile->room, sizeof(*pile->slots));
	}
	slot = &pile->slots[pile->count];
	slot->link = bucket_hash(entry->key, entry->key_size);
	slot->which = (uint8_t)which;
	slot->addr = row->addr;
	slot->when = row->when;
	pile->bytes += entry->key_size + entry->value_size + PAIR_OVERHEAD;
}

/* Pages two thirds full at most: then hardly any overflows. */
static uint32_t
buckets_for(uint64_t bytes)
{
	uint32_t buckets = 1;

	while (buckets < (1u << 24) &&
	       (uint64_t)buckets * PAGE_ROOM * 2 / 3 < bytes)
		buckets *= 2;
	return buckets;
}

static void
pile_chain(struct pile *pile)
{
	uint32_t *head;

	pile->buckets = buckets_for(pile->bytes);
	pile->heads = alloc_zero(pile->buckets, sizeof(*pile->heads));
	for (uint32_t i = 1; i <= pile->count; i++) {
		head = &pile->heads[pile->slots[i].link & (pile->buckets - 1)];
		pile->slots[i].link = *head;
		*head = i;
	}
}

static void
pile_gather(struct pile *pile, const struct map_rows *rows)
{
	struct map_row row = {.present = true};
	struct entry entry;

	pile->room = rows->count < UINT32_MAX / 4 ? (uint32_t)rows->count + 2
						  : UINT32_MAX / 4;
	pile->slots = alloc_resize(NULL, pile->room, sizeof(*pile->slots));
	while (rows->next(rows->arg, &row))
		for (unsigned int i = 0;
		     entry_from_row(&entry, &row, pile->settings, i); i++)
			pile_add(pile, &row, &entry, i);
	pile_chain(pile);
}

static void
pile_clear(struct pile *pile)
{
	free(pile->slots);
	free(pile->heads);
}

static int
put_pile(DB *db, const struct pile *pile)
{
	struct entry entry;
	struct map_row row;
	int code;

	for (uint32_t b = 0; b < pile->buckets; b++) {
		uint32_t i = pile->heads[b];

		for (; i != 0; i = pile->slots[i].link) {
			row = (struct map_row){
			    .addr = pile->slots[i].addr,
			    .when = pile->slots[i].when,
			};
			entry_from_row(&entry, &row, pile->settings,
				       pile->slots[i].which);
			code = put(db, &entry);
			if (code != 0)
				return code;
		}
	}
	return 0;
}

/* code: of what was done to db until now. Closes db, which flushes it. */
static int
finish(DB *db, int code, const char *path, struct err *err)
{
	int closed = db->close(db, code == 0 ? 0 : DB_NOSYNC);

	if (code == 0)
		code = closed;
	return code == 0 ? 0 : db_err(err, "write", path, code);
}

/* mapfile_build_fn: arg is a struct pile, NULL = no row. */
static int
build(void *arg, const char *path, struct err *err)
{
	const struct pile *pile = arg;
	DB *db = open_db(path, pile ? pile->buckets : 1, err);

	if (db == NULL)
		return -1;
	return finish(db, pile ? put_pile(db, pile) : 0, path, err);
}

static int
change(DB *db, const struct map_row *row, const struct map_settings *settings)
{
	struct entry entry;
	int code = 0;

	for (unsigned int i = 0;
	     code == 0 && entry_from_row(&entry, row, settings, i); i++)
		code = row->present ? put(db, &entry) : take_away(db, &entry);
	return code;
}

struct changeset {
	struct map_hash *hash;
	const struct map_row *rows;
	size_t count;
};

/* mapfile_build_fn: the old map with some changes. A reader that has the old
 * one open sees nothing of it: the pages that change are those of the copy. */
static int
build_changed(void *arg, const char *path, struct err *err)
{
	const struct changeset *changes = arg;
	int code = 0;
	DB *db;

	if (mapfile_copy(&changes->hash->file, path, err) < 0 ||
	    (db = open_db(path, 0, err)) == NULL)
		return -1;
	for (size_t i = 0; i < changes->count && code == 0; i++)
		code =
		    change(db, &changes->rows[i], changes->hash->map.settings);
	return finish(db, code, path, err);
}

/* smtpd(8) opens the map with its directory as the home of libdb, and would
 * take its settings from there, as root. */
static int
refuse_db_config(const struct mapfile *file, struct err *err)
{
	char *path = alloc_format("%s/DB_CONFIG", file->directory);
	struct stat st;
	int result = lstat(path, &st);

	if (result == 0)
		err_set(err, "%s must not be there: root's smtpd would obey it",
			path);
	free(path);
	return result == 0 ? -1 : 0;
}

static struct map *
hash_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	struct map_hash *hash = alloc_zero(1, sizeof(*hash));

	(void)settings;
	if (mapfile_open(&hash->file, name, ".db", err) < 0) {
		free(hash);
		return NULL;
	}
	if (refuse_db_config(&hash->file, err) < 0 ||
	    mapfile_prepare(&hash->file, build, NULL, err) < 0) {
		mapfile_close(&hash->file);
		free(hash);
		return NULL;
	}
	return &hash->map;
}

static int
hash_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_hash *hash = (struct map_hash *)map;
	struct pile pile = {.settings = map->settings};
	int result;

	pile_gather(&pile, rows);
	/* On a full disk libdb would try again for seconds. */
	result =
	    mapfile_room(&hash->file, (uint64_t)pile.buckets * PAGE_SIZE, err);
	if (result == 0)
		result = mapfile_publish(&hash->file, build, &pile,
					 map->settings->flock, err);
	pile_clear(&pile);
	return result;
}

static int
hash_apply(struct map *map, const struct map_row *rows, size_t n,
	   struct err *err)
{
	struct map_hash *hash = (struct map_hash *)map;
	struct changeset changes = {.hash = hash, .rows = rows, .count = n};

	return mapfile_publish(&hash->file, build_changed, &changes,
			       map->settings->flock, err);
}

static int
hash_clear(struct map *map, struct err *err)
{
	struct map_hash *hash = (struct map_hash *)map;

	return mapfile_clear(&hash->file, build, NULL, map->settings->flock,
			     err);
}

static int
hash_intact(struct map *map)
{
	return mapfile_intact(&((struct map_hash *)map)->file);
}

static void
hash_close(struct map *map)
{
	struct map_hash *hash = (struct map_hash *)map;

	mapfile_close(&hash->file);
	free(hash);
}

const struct map_ops map_hash = {
    .type = "hash",
    .open = hash_open,
    .replace = hash_replace,
    .apply = hash_apply,
    .clear = hash_clear,
    .intact = hash_intact,
    .close = hash_close,
};
