/*
 * lmdb: an LMDB file, NAME.lmdb. It is built under a temporary name and later
 * changed in place, under the lock that Postfix's own readers take: an fcntl(2)
 * lock on the whole data file, exclusive while a transaction begins, then
 * shared until it is committed (see lmdb_table(5)). LMDB's own lock file is not
 * used, because it protects none of these readers.
 *
 * Changes in place are safe here, because a transaction never overwrites pages
 * of the state before it. So smtpd need not restart at each change.
 */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/contents.h"
#include "maps/map.h"
#include "maps/mapfile.h"
#include "maps/string_format.h"

enum {
	COMMON_FLAGS = MDB_NOSUBDIR | MDB_NOLOCK,
	BATCH = 50000, /* keys to a transaction while a file is built */
	/* One millisecond each. With busy readers the lock is free only for
	 * moments, which longer sleeps would miss. */
	LOCK_TRIES = 128,
	SPACE_LEFT = 16 * 1024,		/* bytes; with less, the disk is full */
	BATCH_BYTES = 64 * 1024 * 1024, /* more than a batch can need */
	RESERVE = 256 * 1024,		/* bytes */
	RESERVE_ROWS = 16,		/* see reserve() */
};

struct map_lmdb {
	struct mapfile file; /* first */
	MDB_env *env;	     /* of the current file; NULL: not open yet */
};

static int
mdb_err(struct err *err, const char *what, const char *path, int code)
{
	return err_set(err, "%s %s: %s", what, path, mdb_strerror(code));
}

static MDB_env *
open_env(const char *path, unsigned int flags, struct err *err)
{
	MDB_env *env = NULL;
	int code = mdb_env_create(&env);

	if (code == 0)
		code = mdb_env_set_mapsize(env, BATCH_BYTES);
	if (code == 0)
		code = mdb_env_open(env, path, COMMON_FLAGS | flags, 0600);
	if (code == 0)
		return env;
	mdb_err(err, "open", path, code);
	if (env != NULL)
		mdb_env_close(env);
	return NULL;
}

static int
put(MDB_txn *txn, MDB_dbi dbi, struct entry *entry)
{
	MDB_val key = {entry->key_size, (void *)(uintptr_t)entry->key};
	MDB_val value = {entry->value_size, (void *)(uintptr_t)entry->value};

	return mdb_put(txn, dbi, &key, &value, 0);
}

static int
delete_key(MDB_txn *txn, MDB_dbi dbi, struct entry *entry)
{
	MDB_val key = {entry->key_size, (void *)(uintptr_t)entry->key};
	int code = mdb_del(txn, dbi, &key, NULL);

	return code == MDB_NOTFOUND ? 0 : code;
}

/* Puts the keys of a row, or deletes them. */
static int
put_row(MDB_txn *txn, MDB_dbi dbi, const struct map_row *row,
	const struct map_settings *settings)
{
	struct entry entry;
	int code = 0;

	for (unsigned int i = 0;
	     code == 0 && entry_from_row(&entry, row, settings, i); i++)
		code = row->present ? put(txn, dbi, &entry)
				    : delete_key(txn, dbi, &entry);
	return code;
}

/* One transaction on the file being built, which nobody reads yet. 1: there are
 * more keys; 0: done; else an error code of LMDB's, below 0 or an errno above
 * 1. */
static int
build_batch(MDB_env *env, struct contents_cursor *cursor)
{
	struct entry entry;
	MDB_envinfo info;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	bool more = true;
	int code = mdb_env_info(env, &info);

	/* One transaction may rewrite every page. */
	if (code == 0)
		code = mdb_env_set_mapsize(env, 2 * 4096 * info.me_last_pgno +
						    BATCH_BYTES);
	if (code == 0)
		code = mdb_txn_begin(env, NULL, 0, &txn);
	if (code == 0)
		code = mdb_dbi_open(txn, NULL, 0, &dbi);
	for (unsigned int i = 0; code == 0 && more && i < BATCH; i++) {
		more = contents_next(cursor, &entry);
		if (more)
			code = put(txn, dbi, &entry);
	}
	if (code == 0)
		code = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	return code == 0 ? more : code;
}

static int
build(struct mapfile *file, const void *contents, const char *path,
      struct err *err)
{
	struct contents_cursor cursor = {
	    .contents = contents,
	    .settings = file->map.settings,
	};
	MDB_env *env = open_env(path, MDB_NOSYNC, err);
	int code = 1;

	if (env == NULL)
		return -1;
	while (code == 1)
		code = build_batch(env, &cursor);
	mdb_env_close(env);
	/* So LMDB reports a write that was cut short by a full disk. */
	if (code == EIO && mapfile_check_space(file, SPACE_LEFT, err) < 0)
		return -1;
	return code == 0 ? 0 : mdb_err(err, "write", path, code);
}

static void
close_env(struct map_lmdb *lmdb)
{
	if (lmdb->env != NULL)
		mdb_env_close(lmdb->env);
	lmdb->env = NULL;
}

static struct map *
lmdb_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	struct map_lmdb *lmdb = alloc_zero(1, sizeof(*lmdb));

	if (mapfile_open(&lmdb->file, name, ".lmdb", build, settings, err) == 0)
		return &lmdb->file.map;
	free(lmdb);
	return NULL;
}

static int
lmdb_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	close_env((struct map_lmdb *)map);
	return mapfile_replace(map, rows, err);
}

/*
 * Takes a lock that belongs to this open file, not to the process, so closing
 * another descriptor of the file does not drop it. Readers hold their locks
 * only for moments. If somebody holds one longer, as anyone who can read the
 * file may, we give up; the caller then has a new file built, which needs no
 * lock.
 */
static int
lock(int fd, short type, struct err *err)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

	for (int tries = 0; fcntl(fd, F_OFD_SETLK, &whole) < 0; tries++) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return err_set(err, "lock: %s", strerror(errno));
		if (tries == LOCK_TRIES)
			return err_set(err, "another process holds the lock");
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return 0;
}

static int
change(MDB_env *env, const struct map_settings *settings,
       const struct map_row *rows, size_t n)
{
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	int code = mdb_txn_begin(env, NULL, 0, &txn);

	if (code != 0)
		return code;
	code = mdb_dbi_open(txn, NULL, 0, &dbi);
	for (size_t i = 0; i < n && code == 0; i++)
		code = put_row(txn, dbi, &rows[i], settings);
	if (code == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

/* Doubles the size of LMDB's mapping when it is full. */
static int
change_growing(MDB_env *env, const struct map_settings *settings,
	       const struct map_row *rows, size_t n)
{
	MDB_envinfo info;
	int code = change(env, settings, rows, n);

	for (int tries = 0; tries < 8; tries++) {
		if (code == MDB_MAP_RESIZED)
			code = mdb_env_set_mapsize(env, 0);
		else if (code == MDB_MAP_FULL && mdb_env_info(env, &info) == 0)
			code = mdb_env_set_mapsize(env, 2 * info.me_mapsize);
		else
			break;
		if (code == 0)
			code = change(env, settings, rows, n);
	}
	return code;
}

/*
 * Lengthens a file that grows by more than it needs yet. For each sync of a
 * file that has become longer, the file system writes records of its own: ext4
 * about 25 KB, as much as the pages of 100 logins. LMDB does not mind what
 * follows its last page. Few rows seldom need new pages, so we spare them this.
 * Nothing is lost if it fails.
 */
static void
reserve(const struct mapfile *file, int fd, size_t n)
{
	static const char zeros[RESERVE];
	struct stat st;

	if (n < RESERVE_ROWS || fstat(fd, &st) < 0 ||
	    st.st_size <= file->ours.size)
		return;
	if (pwrite(fd, zeros, sizeof(zeros), st.st_size) < 0)
		return;
}

static int
apply_locked(struct map_lmdb *lmdb, const struct map_row *rows, size_t n,
	     struct err *err)
{
	int fd, code;

	if (mdb_env_get_fd(lmdb->env, &fd) != 0 || lock(fd, F_WRLCK, err) < 0)
		return -1;
	/* Checked under the lock. No reader is at work now. Those that come
	 * read the last state and need not wait for the disk. */
	if (!mapfile_intact(&lmdb->file.map)) {
		lock(fd, F_UNLCK, err);
		return err_set(err, "%s is not the file that we wrote",
			       lmdb->file.path);
	}
	if (lock(fd, F_RDLCK, err) < 0)
		return -1;
	code = change_growing(lmdb->env, lmdb->file.map.settings, rows, n);
	if (code == 0)
		reserve(&lmdb->file, fd, n);
	mapfile_changed(&lmdb->file);
	lock(fd, F_UNLCK, err);
	return code == 0 ? 0 : mdb_err(err, "write", lmdb->file.path, code);
}

static int
lmdb_apply(struct map *map, const struct map_row *rows, size_t n,
	   struct err *err)
{
	struct map_lmdb *lmdb = (struct map_lmdb *)map;
	int result;

	if (lmdb->file.ours.inode == 0)
		return err_set(err, "nothing has been written yet");
	if (lmdb->env == NULL)
		lmdb->env = open_env(lmdb->file.path, MDB_NOMETASYNC, err);
	if (lmdb->env == NULL)
		return -1;
	result = apply_locked(lmdb, rows, n, err);
	if (result < 0)
		close_env(lmdb); /* releases any lock */
	return result;
}

static int
lmdb_clear(struct map *map, struct err *err)
{
	close_env((struct map_lmdb *)map);
	return mapfile_clear(map, err);
}

static void
lmdb_close(struct map *map)
{
	close_env((struct map_lmdb *)map);
	mapfile_close(map);
}

const struct map_ops map_lmdb = {
    .type = "lmdb",
    .shortened = true,
    .in_place = true,
    .open = lmdb_open,
    .replace = lmdb_replace,
    .apply = lmdb_apply,
    .clear = lmdb_clear,
    .intact = mapfile_intact,
    .exists = mapfile_exists,
    .close = lmdb_close,
};

/* ---- maps of strings ---- */

static int
walk(MDB_txn *txn, map_strings_fn *fn, void *arg)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_dbi dbi;
	int code = mdb_dbi_open(txn, NULL, 0, &dbi);

	if (code == 0)
		code = mdb_cursor_open(txn, dbi, &cursor);
	if (code != 0)
		return code;
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		fn(arg, key.mv_data, strnlen(key.mv_data, key.mv_size));
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

static int
read_open(MDB_env *env, const char *path, map_strings_fn *fn, void *arg,
	  struct err *err)
{
	MDB_txn *txn;
	int fd, code = mdb_env_get_fd(env, &fd);

	if (code == 0 && lock(fd, F_RDLCK, err) < 0)
		return -1;
	if (code == 0)
		code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (code != 0)
		return mdb_err(err, "read", path, code);
	code = walk(txn, fn, arg);
	mdb_txn_abort(txn);
	return code == 0 ? 0 : mdb_err(err, "read", path, code);
}

static int
read_keys(const char *path, map_strings_fn *fn, void *arg, struct err *err)
{
	MDB_env *env = open_env(path, MDB_RDONLY, err);
	int code;

	if (env == NULL)
		return -1;
	code = read_open(env, path, fn, arg, err);
	mdb_env_close(env); /* releases the lock */
	return code;
}

const struct string_format string_lmdb = {
    .type = "lmdb",
    .suffix = ".lmdb",
    .build = build,
    .read = read_keys,
};
