#include "daemon/publish/resources.h"

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

/* One of a name; hash:NAME and lmdb:NAME, while one moves from one to the
 * other, are told apart. */
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

/* Frees path. */
static int
take_lock(struct resources *h, char *path, struct err *err)
{
	struct lockfile *lock = lockfile_take(path, &h->held, err);

	/* It may be held by who clears up behind one that was killed. */
	for (int i = 0; i < LEFT_TRIES && lock == NULL && h->held; i++) {
		poll(NULL, 0, LEFT_MS);
		lock = lockfile_take(path, &h->held, err);
	}
	free(path);
	if (lock == NULL)
		return -1;
	h->locks = alloc_resize(h->locks, h->nlocks + 1, sizeof(lock));
	h->locks[h->nlocks++] = lock;
	return 0;
}

int
resources_lock(struct resources *h, const struct conf *conf, struct err *err)
{
	*h = (struct resources){.control = -1};
	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *map = conf->maps.list[i];

		if (!map_spec_is_live(map) &&
		    take_lock(h, lock_path(conf, i), err) != 0)
			return -1;
	}
	if (safe_path_check(conf->checkpoint, err) != 0)
		return -1;
	return take_lock(h, alloc_format("%s.lock", conf->checkpoint), err);
}

int
resources_open_maps(struct resources *h, const struct conf *conf,
		    struct err *err)
{
	h->settings = conf_map_settings(conf);
	h->nmaps = conf->maps.count;
	h->maps = alloc_zero(h->nmaps + 1, sizeof(*h->maps));
	for (size_t i = 0; i < h->nmaps; i++) {
		if (map_spec_is_live(conf->maps.list[i]))
			continue;
		h->maps[i] =
		    map_open(conf->maps.list[i], "hash", &h->settings, err);
		if (h->maps[i] == NULL)
			return -1;
	}
	return 0;
}

int
resources_listen(struct resources *h, const struct conf *conf, struct err *err)
{
	h->control_path = conf_socket(conf);
	h->control = unixsocket_listen(h->control_path, 0600, BACKLOG,
				       &h->control_node, err);
	return h->control >= 0 ? 0 : -1;
}

/* What is locked is being let go of, or has a new owner: then it is his. */
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

/* Frees path, of the lock. */
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
resources_release(struct resources *h)
{
	for (size_t i = 0; i < h->nmaps; i++)
		map_close(&h->maps[i]);
	free(h->maps);
	if (h->nlocks > 0 && h->control >= 0) {
		close(h->control);
		unixsocket_remove(h->control_path, &h->control_node);
	}
	free(h->control_path);
	for (size_t i = 0; i < h->nlocks; i++)
		lockfile_release(&h->locks[i]);
	free(h->locks);
	*h = (struct resources){.control = -1};
}
