/*
 * hash: a Berkeley DB hash file, NAME.db. Each update writes a new file.
 *
 * Changing it in place is wrong whatever locks are held. libdb caches pages in
 * each reader, so a reader that has the file open while a bucket is split no
 * longer finds keys that are there. Postfix compares modification times only to
 * the second. And a reader that may write to the file can overwrite its pages.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * A DB holds a time before its functions. Where libdb was compiled with one of
 * 32 bits and we are not, <db.h> must declare it as libdb knows it. All that
 * <db.h> includes is included above, so that nothing else is declared so.
 */
#ifdef NARROW_TIME
#define time_t __time_t
#include <db.h>
#undef time_t
#else
#include <db.h>
#endif

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/contents.h"
#include "maps/map.h"
#include "maps/mapfile.h"
#include "maps/string_format.h"

enum {
	PAGE_SIZE = 4096,
	PAGE_ROOM = PAGE_SIZE - 26,  /* without the header of a page */
	PAIR_OVERHEAD = 2 * (2 + 1), /* an index and a type for each item */
	/* Keys are put bucket by bucket, so few pages are in use at once: a
	 * million keys are written as fast with 1 MB as with 64. */
	CACHE_BYTES = 1024 * 1024,
	BULK_BYTES = 64 * 1024, /* as much as a page can hold, and more */
	/* The pairs per bucket above which libdb splits a bucket. It is more
	 * than fit on a page, so that only full pages are split: we choose the
	 * number of buckets ourselves, and the first split would double the
	 * size of the file. */
	FILL_FACTOR = 250,
};

/* One key, sorted into the bucket where libdb will put it. Instead of the key
 * of a row it has what that is made of, which takes less memory. */
struct slot {
	uint32_t link; /* the key's hash; later the next slot of the bucket */
	struct addr addr;
	uint8_t which; /* of the row's keys, or STRING */
	union {
		time_t when;
		const char *string;
	} of;
};

enum { STRING = 255 };

struct sorted {
	const struct map_settings *settings;
	struct slot *slots; /* from 1: 0 ends a chain */
	uint32_t count, room;
	uint64_t bytes; /* on the pages */
	uint32_t *heads;
	uint32_t buckets; /* a power of two */
};

/* Keeps libdb's first message, which names the cause. On a full disk, the code
 * that libdb returns is ENOMEM, because it cannot make room in its cache. */
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
 * flags: DB_CREATE = the file is empty, and shall have so many buckets;
 * otherwise it is complete. It must exist: libdb would create it, and on a full
 * disk retry that for 100 seconds. NULL: err is set. Otherwise err is borrowed
 * until the handle is closed.
 */
static DB *
open_db(const char *path, uint32_t flags, uint32_t buckets, struct err *err)
{
	DB *db;
	int code = db_create(&db, NULL, 0);

	err->text[0] = '\0';
	if (code != 0) {
		db_err(err, "create", path, code);
		return NULL;
	}
	db->set_errcall(db, remember_message);
	code = db->set_cachesize(db, 0, CACHE_BYTES, 1);
	if (code == 0 && flags == DB_CREATE)
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
delete_key(DB *db, const struct entry *entry)
{
	DBT key = {.data = (void *)(uintptr_t)entry->key,
		   .size = (uint32_t)entry->key_size};
	int code = db->del(db, NULL, &key, 0);

	return code == DB_NOTFOUND ? 0 : code;
}

/*
 * The hash that libdb itself computes of a key (FNV-1 from zero). If a version
 * of libdb uses another one, the map is just as right, only slower to build.
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
add_slot(struct sorted *sorted, const struct contents_cursor *cursor,
	 const struct entry *entry)
{
	bool string = cursor->contents->strings != NULL;
	struct slot *slot;

	if (++sorted->count == sorted->room) {
		assert(sorted->room < UINT32_MAX / 2);
		sorted->room *= 2;
		sorted->slots = alloc_resize(sorted->slots, sorted->room,
					     sizeof(*sorted->slots));
	}
	slot = &sorted->slots[sorted->count];
	slot->link = bucket_hash(entry->key, entry->key_size);
	slot->which = string ? STRING : (uint8_t)cursor->which;
	slot->addr = cursor->row.addr;
	if (string)
		slot->of.string = entry->key;
	else
		slot->of.when = cursor->row.when;
	sorted->bytes += entry->key_size + entry->value_size + PAIR_OVERHEAD;
}

/* Pages are at most two thirds full, so that hardly any overflows. */
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
chain_slots(struct sorted *sorted)
{
	uint32_t *head, mask;

	sorted->buckets = buckets_for(sorted->bytes);
	sorted->heads = alloc_zero(sorted->buckets, sizeof(*sorted->heads));
	mask = sorted->buckets - 1;
	for (uint32_t i = 1; i <= sorted->count; i++) {
		head = &sorted->heads[sorted->slots[i].link & mask];
		sorted->slots[i].link = *head;
		*head = i;
	}
}

static void
read_contents(struct sorted *sorted, const struct contents *contents)
{
	struct contents_cursor cursor = {
	    .contents = contents,
	    .settings = sorted->settings,
	};
	size_t count = contents_count(contents);
	struct entry entry;

	sorted->room =
	    count < UINT32_MAX / 4 ? (uint32_t)count + 2 : UINT32_MAX / 4;
	sorted->slots =
	    alloc_resize(NULL, sorted->room, sizeof(*sorted->slots));
	while (contents_next(&cursor, &entry))
		add_slot(sorted, &cursor, &entry);
}

static void
make_entry(struct entry *entry, const struct slot *slot,
	   const struct map_settings *settings)
{
	struct map_row row = {.addr = slot->addr};

	if (slot->which == STRING) {
		entry_from_string(entry, slot->of.string, settings);
		return;
	}
	row.when = slot->of.when;
	entry_from_row(entry, &row, settings, slot->which);
}

static int
put_sorted(DB *db, const struct sorted *sorted)
{
	const struct slot *slot;
	struct entry entry;
	int code;

	for (uint32_t b = 0; b < sorted->buckets; b++) {
		uint32_t i = sorted->heads[b];

		for (; i != 0; i = slot->link) {
			slot = &sorted->slots[i];
			__builtin_prefetch(&sorted->slots[slot->link]);
			make_entry(&entry, slot, sorted->settings);
			code = put(db, &entry);
			if (code != 0)
				return code;
		}
	}
	return 0;
}

/* Closes db, which flushes it. code: the result of what was done to it. */
static int
finish(DB *db, int code, const char *path, struct err *err)
{
	int closed = db->close(db, code == 0 ? 0 : DB_NOSYNC);

	if (code == 0)
		code = closed;
	return code == 0 ? 0 : db_err(err, "write", path, code);
}

static int
write_sorted(const struct sorted *sorted, const char *path, struct err *err)
{
	DB *db = open_db(path, DB_CREATE, sorted->buckets, err);

	return db != NULL ? finish(db, put_sorted(db, sorted), path, err) : -1;
}

static int
build(struct mapfile *file, const void *contents, const char *path,
      struct err *err)
{
	struct sorted sorted = {.settings = file->map.settings};
	int result = -1;

	if (contents != NULL)
		read_contents(&sorted, contents);
	chain_slots(&sorted);
	/* On a full disk libdb would retry for seconds. */
	if (contents == NULL ||
	    mapfile_check_space(file, (uint64_t)sorted.buckets * PAGE_SIZE,
				err) == 0)
		result = write_sorted(&sorted, path, err);
	free(sorted.slots);
	free(sorted.heads);
	return result;
}

static int
change(DB *db, const struct map_row *row, const struct map_settings *settings)
{
	struct entry entry;
	int code = 0;

	for (unsigned int i = 0;
	     code == 0 && entry_from_row(&entry, row, settings, i); i++)
		code = row->present ? put(db, &entry) : delete_key(db, &entry);
	return code;
}

struct batch {
	const struct map_row *rows;
	size_t count;
};

/* A mapfile_build_fn: the current map with a struct batch of changes. Readers
 * that have the current file open are not affected: only the copy changes. */
static int
build_changed(struct mapfile *file, const void *data, const char *path,
	      struct err *err)
{
	const struct batch *batch = data;
	int code = 0;
	DB *db;

	if (mapfile_copy(file, path, err) < 0 ||
	    (db = open_db(path, 0, 0, err)) == NULL)
		return -1;
	for (size_t i = 0; i < batch->count && code == 0; i++)
		code = change(db, &batch->rows[i], file->map.settings);
	return finish(db, code, path, err);
}

/* smtpd(8) opens the map with its directory as the home directory of libdb, and
 * would read libdb's settings from there as root. */
static int
refuse_db_config(const struct mapfile *file, struct err *err)
{
	char *path = alloc_format("%s/DB_CONFIG", file->directory);
	struct stat st;
	int result = lstat(path, &st);

	if (result == 0)
		err_set(err, "%s must not exist: smtpd would obey it as root",
			path);
	free(path);
	return result == 0 ? -1 : 0;
}

static struct map *
hash_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	struct mapfile *file = alloc_zero(1, sizeof(*file));

	file->lock = settings->flock;
	if (mapfile_open(file, name, ".db", build, settings, err) < 0) {
		free(file);
		return NULL;
	}
	if (refuse_db_config(file, err) == 0)
		return &file->map;
	mapfile_close(&file->map);
	return NULL;
}

static int
hash_apply(struct map *map, const struct map_row *rows, size_t n,
	   struct err *err)
{
	struct batch batch = {.rows = rows, .count = n};

	return mapfile_publish((struct mapfile *)map, build_changed, &batch,
			       err);
}

const struct map_ops map_hash = {
    .type = "hash",
    .shortened = true,
    .open = hash_open,
    .replace = mapfile_replace,
    .apply = hash_apply,
    .clear = mapfile_clear,
    .intact = mapfile_intact,
    .exists = mapfile_exists,
    .bytes_a_change = mapfile_bytes_a_change,
    .close = mapfile_close,
};

/* ---- maps of strings ---- */

static void
take_keys(DBT *bulk, map_strings_fn *fn, void *arg)
{
	void *at, *key, *value;
	size_t key_size, value_size;

	DB_MULTIPLE_INIT(at, bulk);
	for (;;) {
		DB_MULTIPLE_KEY_NEXT(at, bulk, key, key_size, value,
				     value_size);
		if (at == NULL)
			return;
		(void)value, (void)value_size;
		fn(arg, key, strnlen(key, key_size));
	}
}

/* Many keys with one call, since one by one they would take longer than all
 * else that is done with them. 0 at the end, or an error code of libdb's. */
static int
walk(DB *db, map_strings_fn *fn, void *arg)
{
	DBT key = {0}, bulk = {
			   .data = alloc_zero(1, BULK_BYTES),
			   .ulen = BULK_BYTES,
			   .flags = DB_DBT_USERMEM,
		       };
	DBC *cursor;
	int code = db->cursor(db, NULL, &cursor, 0), closed = 0;

	if (code == 0) {
		while ((code = cursor->get(cursor, &key, &bulk,
					   DB_MULTIPLE_KEY | DB_NEXT)) == 0)
			take_keys(&bulk, fn, arg);
		closed = cursor->close(cursor);
	}
	free(bulk.data);
	return code != DB_NOTFOUND ? code : closed;
}

static int
read_keys(const char *path, map_strings_fn *fn, void *arg, struct err *err)
{
	DB *db = open_db(path, DB_RDONLY, 0, err);
	int code;

	if (db == NULL)
		return -1;
	code = walk(db, fn, arg);
	db->close(db, DB_NOSYNC);
	return code == 0 ? 0 : db_err(err, "read", path, code);
}

const struct string_format string_hash = {
    .type = "hash",
    .suffix = ".db",
    .build = build,
    .read = read_keys,
};
