#include "daemon/publish/resources.h"

#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/unixsocket.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_socket.h"
#include "daemon/sys/lockfile.h"
#include "daemon/sys/safe_path.h"

enum { BACKLOG = 16, LEFT_TRIES = 20, LEFT_MS = 50 };

/* NAME.lock; if an earlier map has the same name, as hash:NAME and lmdb:NAME do
 * during a migration, NAME.TYPE.lock. */
static char *
lock_path(const struct conf *conf, size_t at)
{
	const char *map = conf->maps.list[at];
	const char *name = strchr(map, ':') + 1;

	for (size_t i = 0; i < at; i++)
		if (strcmp(strchr(conf->maps.list[i], ':') + 1, name) == 0)
			return alloc_format("%s.%.*s.lock", name,
					    (int)(name - map - 1), map);
	return alloc_format("%s.lock", name);
}

/* Takes over and frees path. */
static int
take_lock(struct resources *r, char *path, struct err *err)
{
	struct lockfile *lock = lockfile_take(path, &r->held, err);

	/* The helper of a daemon that was killed holds it while clearing. */
	for (int i = 0; i < LEFT_TRIES && lock == NULL && r->held; i++) {
		poll(NULL, 0, LEFT_MS);
		lock = lockfile_take(path, &r->held, err);
	}
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
	*r = (struct resources){.control = -1};
	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *map = conf->maps.list[i];

		if (!map_spec_is_live(map) &&
		    take_lock(r, lock_path(conf, i), err) != 0)
			return -1;
	}
	if (safe_path_check(conf->checkpoint, err) != 0)
		return -1;
	return take_lock(r, alloc_format("%s.lock", conf->checkpoint), err);
}

int
resources_open_maps(struct resources *r, const struct conf *conf,
		    struct err *err)
{
	r->settings = conf_map_settings(conf);
	r->nmaps = conf->maps.count;
	r->maps = alloc_zero(r->nmaps + 1, sizeof(*r->maps));
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

/* The lock of a daemon that was killed. NULL: no lock was left, or another
 * process holds it for longer than a dying one would: a new owner. */
static struct lockfile *
take_left(const char *path)
{
	struct lockfile *lock = NULL;
	struct err err;

	for (int i = 0; i < LEFT_TRIES && lock == NULL; i++) {
		if (access(path, F_OK) != 0)
			return NULL;
		if (i > 0)
			poll(NULL, 0, LEFT_MS);
		lock = lockfile_take(path, NULL, &err);
	}
	return lock;
}

/* Takes over and frees path, the lock's. */
static void
clear_left(const char *name, char *path, const struct map_settings *settings)
{
	struct lockfile *lock = take_left(path);
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

	for (size_t i = 0; i < conf->maps.count; i++)
		if (!map_spec_is_live(conf->maps.list[i]))
			clear_left(conf->maps.list[i], lock_path(conf, i),
				   &settings);
}

void
resources_remove_sockets(const struct conf *conf)
{
	static const char unix_socket[] = ":unix:";
	struct stat st;

	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *map = conf->maps.list[i], *path;

		path = strchr(map, ':');
		if (!map_spec_is_live(map) ||
		    strncmp(path, unix_socket, strlen(unix_socket)) != 0)
			continue;
		path += strlen(unix_socket);
		if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			unlink(path);
	}
}

void
resources_release(struct resources *r)
{
	for (size_t i = 0; i < r->nmaps; i++)
		map_close(&r->maps[i]);
	free(r->maps);
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
