#include "daemon/publish/map_lock.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/sys/lockfile.h"

enum { LEFT_TRIES = 20, LEFT_MS = 50 };

char *
map_lock_path(const char *map, const struct strings *maps, size_t count)
{
	const char *name = strchr(map, ':') + 1;

	for (size_t i = 0; i < count; i++)
		if (strcmp(strchr(maps->list[i], ':') + 1, name) == 0)
			return alloc_format("%s.%.*s.lock", name,
					    (int)(name - map - 1), map);
	return alloc_format("%s.lock", name);
}

struct lockfile *
map_lock_take(const char *path, bool *held, struct err *err)
{
	struct lockfile *lock = lockfile_take(path, held, err);

	for (int i = 0; i < LEFT_TRIES && lock == NULL && *held; i++) {
		poll(NULL, 0, LEFT_MS);
		lock = lockfile_take(path, held, err);
	}
	return lock;
}

struct lockfile *
map_lock_take_left(const char *path)
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
