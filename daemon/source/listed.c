#include "daemon/source/listed.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/filetime.h"
#include "daemon/source/rotation.h"

/* So many files are remembered that are not there any more. */
enum { GONE_MAX = 1024 };

struct listed_file {
	uint64_t device, inode;
	struct timespec mtime, birth;
};

static const struct listed_file *
find(const struct listed *l, const struct rotated *file)
{
	for (size_t i = l->count; i > 0; i--)
		if (l->list[i - 1].inode == file->inode &&
		    l->list[i - 1].device == file->device)
			return &l->list[i - 1];
	return NULL;
}

/* When the file was born. Most have not even changed since that was asked. */
static struct timespec
birth(const struct listed_file *known, const struct rotated *file)
{
	return known != NULL && filetime_compare(known->mtime, file->mtime) == 0
		   ? known->birth
		   : filetime_birth(AT_FDCWD, file->path);
}

/* Appends to the list what is not listed any more. */
static void
add_gone(struct listed *now, const struct listed *before,
	 const struct rotation *files)
{
	for (size_t i = 0; i < before->count; i++)
		if (rotation_find_inode(files, before->list[i].device,
					before->list[i].inode) < 0)
			now->list[now->count++] = before->list[i];
	if (now->count <= GONE_MAX)
		return;
	memmove(now->list, now->list + now->count - GONE_MAX,
		GONE_MAX * sizeof(*now->list));
	now->count = GONE_MAX;
}

void
listed_note(struct listed *l, const struct rotation *files,
	    const bool waiting[])
{
	struct listed now = {0};

	now.list = alloc_zero(l->count + files->count + 1, sizeof(*now.list));
	add_gone(&now, l, files);
	for (size_t i = 0; i < files->count; i++) {
		const struct rotated *file = &files->list[i];

		if (waiting[i])
			continue;
		now.list[now.count++] = (struct listed_file){
		    .device = file->device,
		    .inode = file->inode,
		    .mtime = file->mtime,
		    .birth = birth(find(l, file), file),
		};
	}
	listed_clear(l);
	*l = now;
}

static bool
has_time_of(const struct listed_file *known, const struct rotated *file)
{
	return !filetime_is_older(known->mtime, file->mtime) &&
	       !filetime_is_older(file->mtime, known->mtime);
}

int
listed_changed(const struct listed *l, const struct rotated *file)
{
	const struct listed_file *same = find(l, file);
	bool device = false;

	/* A disk gives a new file the inode of one that was deleted. */
	if (same != NULL &&
	    filetime_compare(same->birth, birth(same, file)) == 0)
		return filetime_compare(same->mtime, file->mtime) != 0;
	for (size_t i = 0; i < l->count; i++) {
		if (has_time_of(&l->list[i], file))
			return -1;
		device = device || l->list[i].device == file->device;
	}
	return device && file->live ? 1 : -1;
}

void
listed_clear(struct listed *l)
{
	free(l->list);
	*l = (struct listed){0};
}
