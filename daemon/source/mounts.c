#include "daemon/source/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"

struct mounts {
	struct loop *loop;
	int fd;
	char *path;
	struct stat directory; /* of the log at the start; or zeros */
	mounts_fn *fn;
	void *arg;
};

/* The kernel forgets the change when it reports it, so there is nothing to
 * read. */
static void
on_change(void *arg, uint32_t events)
{
	struct mounts *mounts = arg;

	(void)events;
	mounts->fn(mounts->arg);
}

/* The directory of the file that the path names, or would name. */
static char *
directory_of(const char *path)
{
	char *real = realpath(path, NULL);
	char *copy = alloc_string(real != NULL ? real : path);
	char *directory = alloc_string(dirname(copy));

	free(copy);
	free(real);
	return directory;
}

struct mounts *
mounts_new(struct loop *loop, const char *path, mounts_fn *fn, void *arg)
{
	struct mounts *mounts;
	struct err err;
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char *directory;

	if (fd < 0)
		return NULL;
	mounts = alloc_zero(1, sizeof(*mounts));
	*mounts = (struct mounts){.loop = loop, .fd = fd, .fn = fn, .arg = arg};
	mounts->path = alloc_string(path);
	directory = directory_of(path);
	stat(directory, &mounts->directory);
	free(directory);
	if (loop_watch(loop, fd, POLLPRI, on_change, mounts, &err) != 0)
		mounts_free(&mounts);
	return mounts;
}

void
mounts_free(struct mounts **mounts_p)
{
	struct mounts *mounts = *mounts_p;

	if (mounts == NULL)
		return;
	loop_unwatch(mounts->loop, mounts->fd);
	close(mounts->fd);
	free(mounts->path);
	free(mounts);
	*mounts_p = NULL;
}

static bool
is_readable(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno != EACCES;
	close(fd);
	return true;
}

bool
mounts_has_moved(const struct mounts *mounts)
{
	char *directory = directory_of(mounts->path);
	struct stat st;
	bool moved = stat(directory, &st) == 0 &&
		     (st.st_ino != mounts->directory.st_ino ||
		      st.st_dev != mounts->directory.st_dev);

	free(directory);
	return moved;
}

bool
mounts_shut_out(const struct mounts *mounts)
{
	char *directory = directory_of(mounts->path);
	bool shut_out = mounts_has_moved(mounts) && !is_readable(directory);

	free(directory);
	return shut_out;
}

/* ---- file systems ---- */

static const char *
without_events(long type)
{
	static const struct {
		long type;
		const char *name;
	} types[] = {
	    {0x6969, "no events on NFS"},
	    {0x517b, "no events on SMB"},
	    {0xff534d42, "no events on CIFS"},
	    {0xfe534d42, "no events on SMB"},
	    {0x00c36400, "no events on Ceph"},
	    {0x6b414653, "no events on AFS"},
	    {0x5346414f, "no events on AFS"},
	    {0x01021997, "no events on 9P"},
	    {0x65735546, "not all events on FUSE"},
	    {0x01161970, "not all events on GFS2"},
	    {0x7461636f, "not all events on OCFS2"},
	    {0x0bd00bd0, "no events on Lustre"},
	    {0x786f4256, "no events on vboxsf"},
	    {0x9fa0, "no events in /proc"},
	    {0x62656572, "no events in /sys"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((types[i].type & 0xffffffff) == (type & 0xffffffff))
			return types[i].name;
	return NULL;
}

const char *
mounts_without_events(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 ? without_events((long)fs.f_type) : NULL;
}
