/*
 * lmdb: an LMDB file, NAME.lmdb, built aside and then changed in place under
 * the lock of Postfix's own readers: an fcntl(2) lock on the whole data file,
 * exclusive while a transaction begins, shared until it is committed (see
 * lmdb_table(5)). LMDB's own lock file protects none of them and is not used.
 *
 * In place is right here: a transaction never writes on pages of the state
 * before it, so that readers need not start anew at each change.
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
#include "maps/entry.h"
#include "maps/mapfile.h"

enum {
	COMMON_FLAGS = MDB_NOSUBDIR | MDB_NOLOCK,
	BATCH = 50000, /* rows to a transaction while a file is built */
	/* Each a millisecond: between readers that are never idle the lock is
	 * free for a moment only, which long sleeps would miss. */
	LOCK_TRIES = 128,
	BATCH_BYTES = 64 * 1024 * 1024, /* more than they can take */
};

struct map_lmdb {
	struct map map; /* first */
	struct mapfile file;
	MDB_env
	    *env; /* of the file; NULL: not opened since it was renamed in */
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
	MDB_val key = {entry->key_size, entry->key};
	MDB_val value = {entry->value_size, (void *)(uintptr_t)entry->value};

	return mdb_put(txn, dbi, &key, &value, 0);
}

static int
take_away(MDB_txn *txn, MDB_dbi dbi, struct entry *entry)
{
	MDB_val key = {entry->key_size, entry->key};
	int code = mdb_del(txn, dbi, &key, NULL);

	return code == MDB_NOTFOUND ? 0 : code;
}

/* Puts the row's keys, or takes them away. */
static int
put_row(MDB_txn *txn, MDB_dbi dbi, const struct map_row *row,
	const struct map_settings *settings)
{
	struct entry entry;
	int code = 0;

	for (unsigned int i = 0;
	     code == 0 && entry_from_row(&entry, row, settings, i); i++)
		code = row->present ? put(txn, dbi, &entry)
				    : take_away(txn, dbi, &entry);
	return code;
}

struct build {
	const struct map_rows *rows;
	const struct map_settings *settings;
};

/* One transaction of the file being built, which nobody reads yet. 1: there is
 * more to come; 0; or an error code of LMDB's, below 0 or an errno above 1. */
static int
build_batch(MDB_env *env, const struct build *build)
{
	struct map_row row = {.present = true};
	MDB_envinfo info;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	bool more = build != NULL;
	int code = mdb_env_info(env, &info);

	/* Each page may be written anew in one transaction. */
	if (code == 0)
		code = mdb_env_set_mapsize(env, 2 * 4096 * info.me_last_pgno +
						    BATCH_BYTES);
	if (code == 0)
		code = mdb_txn_begin(env, NULL, 0, &txn);
	if (code == 0)
		code = mdb_dbi_open(txn, NULL, 0, &dbi);
	for (unsigned int i = 0; code == 0 && more && i < BATCH; i++) {
		more = build->rows->next(build->rows->arg, &row);
		if (more)
			code = put_row(txn, dbi, &row, build->settings);
	}
	if (code == 0)
		code = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	return code == 0 ? more : code;
}

/* mapfile_build_fn: arg is a struct build, NULL = no row. */
static int
build(void *arg, const char *path, struct err *err)
{
	MDB_env *env = open_env(path, MDB_NOSYNC, err);
	int code = 1;

	if (env == NULL)
		return -1;
	while (code == 1)
		code = build_batch(env, arg);
	mdb_env_close(env);
	return code == 0 ? 0 : mdb_err(err, "write", path, code);
}

static void
forget_env(struct map_lmdb *lmdb)
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

	(void)settings;
	if (mapfile_open(&lmdb->file, name, ".lmdb", err) < 0) {
		free(lmdb);
		return NULL;
	}
	if (mapfile_prepare(&lmdb->file, build, NULL, err) < 0) {
		mapfile_close(&lmdb->file);
		free(lmdb);
		return NULL;
	}
	return &lmdb->map;
}

static int
lmdb_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_lmdb *lmdb = (struct map_lmdb *)map;
	struct build what = {.rows = rows, .settings = map->settings};
	int result = mapfile_publish(&lmdb->file, build, &what, false, err);

	forget_env(lmdb);
	return result;
}

/*
 * A lock of this open file, not of the process: closing another descriptor of
 * the file does not drop it. Readers hold theirs for a moment; who holds one
 * longer, as anybody may who can read the file, makes us give up, and a new
 * file is built, which needs no lock.
 */
static int
lock(int fd, short type, struct err *err)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

	for (int tries = 0; fcntl(fd, F_OFD_SETLK, &whole) < 0; tries++) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return err_set(err, "lock: %s", strerror(errno));
		if (tries == LOCK_TRIES)
			return err_set(err, "somebody holds the lock");
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

/* With a map of twice the size when it is full. */
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

static int
apply_locked(struct map_lmdb *lmdb, const struct map_row *rows, size_t n,
	     struct err *err)
{
	int fd, code;

	if (mdb_env_get_fd(lmdb->env, &fd) != 0 || lock(fd, F_WRLCK, err) < 0)
		return -1;
	/* Asked under the lock. No reader is in the middle now: those to come
	 * read the last state, and wait for no disk. */
	if (!mapfile_intact(&lmdb->file)) {
		lock(fd, F_UNLCK, err);
		return err_set(err, "%s is not the file that we wrote",
			       lmdb->file.path);
	}
	if (lock(fd, F_RDLCK, err) < 0)
		return -1;
	code = change_growing(lmdb->env, lmdb->map.settings, rows, n);
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
		return err_set(err, "nothing was put there yet");
	if (lmdb->env == NULL)
		lmdb->env = open_env(lmdb->file.path, MDB_NOMETASYNC, err);
	if (lmdb->env == NULL)
		return -1;
	result = apply_locked(lmdb, rows, n, err);
	if (result < 0)
		forget_env(lmdb); /* and with it any lock */
	return result;
}

static int
lmdb_clear(struct map *map, struct err *err)
{
	struct map_lmdb *lmdb = (struct map_lmdb *)map;

	forget_env(lmdb);
	return mapfile_clear(&lmdb->file, build, NULL, false, err);
}

static int
lmdb_intact(struct map *map)
{
	return mapfile_intact(&((struct map_lmdb *)map)->file);
}

static void
lmdb_close(struct map *map)
{
	struct map_lmdb *lmdb = (struct map_lmdb *)map;

	forget_env(lmdb);
	mapfile_close(&lmdb->file);
	free(lmdb);
}

const struct map_ops map_lmdb = {
    .type = "lmdb",
    .in_place = true,
    .open = lmdb_open,
    .replace = lmdb_replace,
    .apply = lmdb_apply,
    .clear = lmdb_clear,
    .intact = lmdb_intact,
    .close = lmdb_close,
};
