#include "daemon/publish/resources.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/unixsocket.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_socket.h"
#include "daemon/publish/map_lock.h"
#include "daemon/sys/lockfile.h"
#include "daemon/sys/safe_path.h"

enum { BACKLOG = 16 };

/* Takes over and frees path. */
static int
take_lock(struct resources *r, char *path, struct err *err)
{
	struct lockfile *lock = map_lock_take(path, &r->held, err);

	free(path);
	if (lock == NULL)
		return -1;
	r->locks = alloc_resize(r->locks, r->nlocks + 1, sizeof(lock));
	r->locks[r->nlocks++] = lock;
	return 0;
}

int
resources_lock(struct resources *r, const struct conf *conf, struct err *err)
{
	const struct strings *maps = &conf->maps;

	*r = (struct resources){.control = -1};
	for (size_t i = 0; i < maps->count; i++) {
		const char *map = maps->list[i];

		if (!map_spec_is_live(map) &&
		    take_lock(r, map_lock_path(map, maps, i), err) != 0)
			return -1;
	}
	if (safe_path_check(conf->checkpoint, err) != 0)
		return -1;
	return take_lock(r, alloc_format("%s.lock", conf->checkpoint), err);
}

/* The path of a live map's socket. NULL: it has none. */
static const char *
socket_path(const char *map)
{
	static const char unix_socket[] = ":unix:";
	const char *path = strchr(map, ':');

	return map_spec_is_live(map) &&
		       strncmp(path, unix_socket, strlen(unix_socket)) == 0
		   ? path + strlen(unix_socket)
		   : NULL;
}

static bool
find_socket(const char *map, struct stat *st)
{
	const char *path = socket_path(map);

	return path != NULL && lstat(path, st) == 0 && S_ISSOCK(st->st_mode);
}

/* A new socket may have got the number of the old one. */
static bool
is_same_node(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void
note_sockets(struct resources *r, const struct conf *conf)
{
	struct stat st;

	r->sockets = alloc_zero(r->nmaps + 1, sizeof(*r->sockets));
	for (size_t i = 0; i < r->nmaps; i++)
		if (find_socket(conf->maps.list[i], &st))
			r->sockets[i] = st;
}

int
resources_open_maps(struct resources *r, const struct conf *conf,
		    struct err *err)
{
	r->settings = conf_map_settings(conf);
	r->nmaps = conf->maps.count;
	r->maps = alloc_zero(r->nmaps + 1, sizeof(*r->maps));
	note_sockets(r, conf);
	for (size_t i = 0; i < r->nmaps; i++) {
		if (map_spec_is_live(conf->maps.list[i]))
			continue;
		r->maps[i] =
		    map_open(conf->maps.list[i], "hash", &r->settings, err);
		if (r->maps[i] == NULL)
			return -1;
	}
	return 0;
}

/*
 * Members of the group pop-before-smtp, which sysusers.d creates, may use the
 * socket: they are operators. Another group that the daemon happens to run with
 * may have members who are none, such as nogroup.
 */
static mode_t
control_mode(void)
{
	const struct group *operators = getgrnam("pop-before-smtp");

	return operators != NULL && operators->gr_gid == getegid() ? 0660
								   : 0600;
}

int
resources_listen(struct resources *r, const struct conf *conf, struct err *err)
{
	r->control_path = conf_socket(conf);
	r->control = unixsocket_listen(r->control_path, control_mode(), BACKLOG,
				       &r->control_node, err);
	return r->control >= 0 ? 0 : -1;
}

/* Takes over and frees path, the lock's. */
static void
clear_left(const char *name, char *path, const struct map_settings *settings)
{
	struct lockfile *lock = map_lock_take_left(path);
	struct map *map = NULL;
	struct err err;

	if (lock != NULL)
		map = map_open(name, "hash", settings, &err);
	if (map != NULL && map_clear(map, &err) == 0)
		log_error("the keeper is gone; cleared %s", name);
	else if (lock != NULL)
		log_error("the keeper is gone; %s", err.text);
	map_close(&map);
	lockfile_release(&lock);
	free(path);
}

void
resources_clear_left(const struct conf *conf)
{
	const struct map_settings settings = conf_map_settings(conf);
	const struct strings *maps = &conf->maps;

	for (size_t i = 0; i < maps->count; i++)
		if (!map_spec_is_live(maps->list[i]))
			clear_left(maps->list[i],
				   map_lock_path(maps->list[i], maps, i),
				   &settings);
}

void
resources_remove_sockets(const struct resources *r, const struct conf *conf)
{
	struct stat st;

	for (size_t i = 0; r->sockets != NULL && i < r->nmaps; i++)
		if (find_socket(conf->maps.list[i], &st) &&
		    !is_same_node(&st, &r->sockets[i]))
			unlink(socket_path(conf->maps.list[i]));
}

void
resources_release(struct resources *r)
{
	for (size_t i = 0; i < r->nmaps; i++)
		map_close(&r->maps[i]);
	free(r->maps);
	free(r->sockets);
	if (r->nlocks > 0 && r->control >= 0) {
		close(r->control);
		unixsocket_remove(r->control_path, &r->control_node);
	}
	free(r->control_path);
	for (size_t i = 0; i < r->nlocks; i++)
		lockfile_release(&r->locks[i]);
	free(r->locks);
	*r = (struct resources){.control = -1};
}
