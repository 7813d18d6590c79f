#include "daemon/source/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/filetime.h"
#include "daemon/source/mark.h"
#include "daemon/source/pathwalk.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"
#include "daemon/unpack/unpack.h"

/* BESIDE_MAX: so many directories beside the log are searched. */
enum { TRIES = 8, BESIDE_MAX = 64 };

struct sibling {
	struct rotated file;
	struct mark mark;
	struct timespec time; /* of change; rotated: not after the link's */
	bool elsewhere;	      /* in a directory beside */
	bool half_made;	      /* compressed, and the plain file still exists */
};

struct siblings {
	struct sibling *list;
	size_t count;
	char *unreadable;
	const struct logpos *lost; /* is looked for, or NULL */
	unsigned int links;	   /* of a pattern, so far */
};

/* ---- names ---- */

static bool
is_compressed_name(const char *name)
{
	return unpack_suffix(name, &(bool){false}) != NULL;
}

bool
rotation_is_pattern(const char *spec)
{
	return strchr(mark_last_part(spec), '*') != NULL;
}

const char *
rotation_why_missing(const char *spec)
{
	struct stat st;

	if (rotation_is_pattern(spec))
		return "no such file yet";
	if (stat(spec, &st) == 0)
		return "not a regular file";
	return errno != ENOENT || strpbrk(spec, "[?") == NULL
		   ? strerror(errno)
		   : "no such file; without a *, [ and ? are part of the name";
}

/* ---- directories ---- */

static bool
has_inode(const struct siblings *found, uint64_t device, uint64_t inode)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].file.inode == inode &&
		    found->list[i].file.device == device)
			return true;
	return false;
}

/* Takes over the path. */
static void
add(struct siblings *found, char *path, const struct mark *mark, bool live)
{
	struct sibling *new;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    has_inode(found, st.st_dev, st.st_ino)) {
		free(path);
		return;
	}
	if (mark->unreadable) {
		free(found->unreadable);
		found->unreadable = path;
		return;
	}
	found->list =
	    alloc_resize(found->list, found->count + 1, sizeof(*found->list));
	new = &found->list[found->count++];
	*new = (struct sibling){.file = {.path = path,
					 .device = st.st_dev,
					 .inode = st.st_ino,
					 .mtime = st.st_mtim,
					 .live = live},
				.time = st.st_mtim,
				.mark = *mark};
}

static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return alloc_string(".");
	return slash == path ? alloc_string("/")
			     : alloc_bytes(path, (size_t)(slash - path));
}

static bool
holds(const char *path, const struct fingerprint *print)
{
	struct err err;
	struct tail *tail = tail_open(path, &err);
	bool found = tail != NULL && tail_holds(tail, print);

	tail_close(&tail);
	return found;
}

static bool
has_device(const char *path, uint64_t device)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == device;
}

/* Whether this is the file of the last run under a new name. A device may have
 * another number after a boot, so a file with the right inode on another device
 * counts if its contents prove it. */
static bool
is_stray(const struct logpos *lost, const char *directory,
	 const struct dirent *d)
{
	char *path;
	bool found;

	if (lost == NULL || d->d_ino != lost->inode)
		return false;
	path = alloc_format("%s/%s", directory, d->d_name);
	found = has_device(path, lost->device) ||
		(lost->print.offset > 0 && holds(path, &lost->print));
	free(path);
	return found;
}

struct search {
	char *directory;
	const char *base;
	bool own;		   /* also the name of the log itself */
	const struct logpos *lost; /* or NULL */
};

static bool
belongs(const struct search *place, const struct dirent *d, struct mark *mark)
{
	*mark = (struct mark){.kind = MATCHED};
	if (rotation_is_pattern(place->base))
		return fnmatch(place->base, d->d_name, FNM_PERIOD) == 0;
	if (mark_of(place->base, d->d_name, mark) != NO_SIBLING)
		return true;
	if (place->own && mark_is_own(place->base, d->d_name)) {
		mark->kind = NUMBERED; /* by 0: the newest there */
		return true;
	}
	return strcmp(place->base, d->d_name) != 0 &&
	       is_stray(place->lost, place->directory, d);
}

/* Adds what belongs to path in its directory. own: path itself, too. */
static void
scan(struct siblings *found, const char *path, const struct logpos *lost,
     bool own)
{
	struct search place = {.directory = directory_of(path),
			       .base = mark_last_part(path),
			       .own = own,
			       .lost = lost};
	DIR *dir = opendir(place.directory);
	struct dirent *d;
	struct mark mark;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (belongs(&place, d, &mark))
			add(found,
			    alloc_format("%s/%s", place.directory, d->d_name),
			    &mark,
			    rotation_is_pattern(path) &&
				!is_compressed_name(d->d_name));
	if (dir != NULL)
		closedir(dir);
	free(place.directory);
}

/* Kubernetes compresses a rotated file later, which changes its time. */
static void
limit_times(struct siblings *found, size_t first, struct timespec limit)
{
	for (size_t i = first; i < found->count; i++)
		if (filetime_compare(limit, found->list[i].time) < 0)
			found->list[i].time = limit;
}

/* Adds the rotated files of the target of a link. */
static void
scan_target(void *arg, const char *link)
{
	struct siblings *found = arg;
	char *target = pathwalk_target(link);
	size_t before = found->count;

	if (target != NULL)
		scan(found, target, found->lost, false);
	free(target);
	found->links++;
	for (size_t i = 0; i < found->count; i++) {
		struct sibling *s = &found->list[i];

		if (i < before && strcmp(s->file.path, link) != 0)
			continue;
		s->file.link = found->links;
		if (i < before)
			limit_times(found, before, s->time);
	}
}

/* ---- directories beside ---- */

static bool
has_position(const struct siblings *found, const struct logpos *lost)
{
	if (lost->print.offset == 0)
		return lost->inode == 0 ||
		       has_inode(found, lost->device, lost->inode);
	for (size_t i = 0; i < found->count; i++)
		if (holds(found->list[i].file.path, &lost->print))
			return true;
	return false;
}

/* Adds the rotated files of that directory, and what has the log's own name, if
 * the lost file is among them. If nothing had been read of that, only its inode
 * identifies it. Inode numbers are reused, so it must then have the name of a
 * rotated file, and no file there may have the name of the log itself. */
static void
scan_if_there(struct siblings *found, const char *path,
	      const struct logpos *lost)
{
	struct siblings there = {0};
	size_t before = found->count;
	bool proof = lost->print.offset > 0, known;

	if (!proof && (rotation_is_pattern(path) || access(path, F_OK) == 0))
		return;
	scan(&there, path, proof ? lost : NULL, proof);
	known = has_position(&there, lost);
	for (size_t i = 0; i < there.count; i++) {
		struct sibling *s = &there.list[i];

		if (known)
			add(found, s->file.path, &s->mark, false);
		else
			free(s->file.path);
	}
	for (size_t i = before; i < found->count; i++)
		found->list[i].elsewhere = true;
	free(there.list);
	free(there.unreadable);
}

/* Looks into the first directories of a directory, but not into theirs. */
static void
scan_inside(struct siblings *found, const char *directory, const char *base,
	    const struct logpos *lost)
{
	DIR *dir = opendir(directory);
	struct dirent *d;
	int left = BESIDE_MAX;

	while (dir != NULL && left > 0 && (d = readdir(dir)) != NULL) {
		char *path;

		if (d->d_name[0] == '.' ||
		    (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN &&
		     d->d_type != DT_LNK))
			continue;
		path = alloc_format("%s/%s/%s", directory, d->d_name, base);
		scan_if_there(found, path, lost);
		free(path);
		left--;
	}
	if (dir != NULL)
		closedir(dir);
}

static void
scan_beside(struct siblings *found, const char *path, const struct logpos *lost)
{
	char *directory = directory_of(path), *above = directory_of(directory);
	const char *base = mark_last_part(path);

	scan_inside(found, directory, base, lost);
	if (strchr(directory, '/') != NULL && strcmp(above, "/") != 0)
		scan_inside(found, above, base, lost);
	free(above);
	free(directory);
}

/* ---- order ---- */

/* The time of a file may be in whole seconds. Then nothing shows which of two
 * files of the same second is older; a file in another directory counts as
 * older than one beside the log. */
static int
compare_times(const struct sibling *a, const struct sibling *b)
{
	struct timespec x = a->time, y = b->time;

	if (filetime_is_older(x, y))
		return -1;
	if (filetime_is_older(y, x))
		return 1;
	if (a->elsewhere != b->elsewhere)
		return a->elsewhere ? -1 : 1;
	return filetime_compare(x, y);
}

/* Of files that match a pattern. */
static int
compare_names(const char *a, const char *b)
{
	int order = mark_compare_dates(a, b);

	return order ? order : mark_compare_numbers(a, b);
}

/* Compares the marks if both are of the same kind, else the times of change.
 * Numbers count only within one directory. */
static int
compare_ages(const struct sibling *a, const struct sibling *b)
{
	int order = 0;

	if (a->mark.kind == MATCHED || b->mark.kind == MATCHED)
		order = compare_names(a->file.path, b->file.path);
	else if (a->file.live != b->file.live)
		return a->file.live ? 1 : -1;
	else if (a->mark.kind == NUMBERED && b->mark.kind == NUMBERED &&
		 a->elsewhere == b->elsewhere && a->file.link == b->file.link)
		order = (a->mark.number < b->mark.number) -
			(a->mark.number > b->mark.number);
	else if (a->mark.kind == DATED && b->mark.kind == DATED)
		order = mark_compare(&a->mark, &b->mark);
	if (order == 0)
		order = compare_times(a, b);
	if (order == 0)
		order = (int)a->mark.kind - (int)b->mark.kind;
	return order ? order : strcmp(a->file.path, b->file.path);
}

static int
compare_places(const struct sibling *a, const struct sibling *b)
{
	return (int)b->elsewhere - (int)a->elsewhere;
}

/* Insertion sort, since ages of mixed kinds are not a total order, which
 * qsort(3) needs. Lists are short. */
static void
sort(struct siblings *found,
     int (*compare)(const struct sibling *, const struct sibling *))
{
	for (size_t i = 1; i < found->count; i++) {
		struct sibling new = found->list[i];
		size_t k = i;

		for (; k > 0 && compare(&new, &found->list[k - 1]) < 0; k--)
			found->list[k] = found->list[k - 1];
		found->list[k] = new;
	}
}

/* The files beside the log go among those of another directory one by one, from
 * the newest back. So a clock that was set back longer ago does not matter. */
static void
sort_by_age(struct siblings *found)
{
	sort(found, compare_places);
	sort(found, compare_ages);
}

/* While gzip(1) runs, both files exist, and only the plain one is complete. */
static bool
is_half_made(const struct siblings *found, size_t i)
{
	const char *path = found->list[i].file.path;
	bool readable;
	const char *suffix = unpack_suffix(path, &readable);
	size_t len = suffix != NULL ? (size_t)(suffix - path) : 0;

	for (size_t k = 0; k < found->count && len > 0; k++)
		if (strncmp(found->list[k].file.path, path, len) == 0 &&
		    found->list[k].file.path[len] == '\0')
			return true;
	return false;
}

static void
move_to_list(struct rotation *rotation, struct siblings *found)
{
	rotation->list = alloc_zero(found->count + 1, sizeof(*rotation->list));
	for (size_t i = 0; i < found->count; i++)
		found->list[i].half_made = is_half_made(found, i);
	for (size_t i = 0; i < found->count; i++) {
		if (found->list[i].half_made)
			free(found->list[i].file.path);
		else
			rotation->list[rotation->count++] = found->list[i].file;
	}
	free(found->list);
	rotation->unreadable = found->unreadable;
}

static void
list_names(struct rotation *rotation, const char *spec,
	   const struct logpos *lost)
{
	struct siblings found = {.lost = lost};
	const struct mark none = {0};
	char *target = NULL;

	*rotation = (struct rotation){0};
	if (!rotation_is_pattern(spec)) {
		add(&found, alloc_string(spec), &none, true);
		target = realpath(spec, NULL);
	}
	scan(&found, spec, lost, false);
	if (target != NULL && strcmp(target, spec) != 0)
		scan(&found, target, lost, false);
	if (rotation_is_pattern(spec))
		pathwalk_links(spec, scan_target, &found);
	if (lost != NULL && !has_position(&found, lost))
		scan_beside(&found, target != NULL ? target : spec, lost);
	free(target);
	sort_by_age(&found);
	move_to_list(rotation, &found);
}

static bool
are_same(const struct rotation *a, const struct rotation *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].inode != b->list[i].inode ||
		    a->list[i].device != b->list[i].device ||
		    strcmp(a->list[i].path, b->list[i].path) != 0)
			return false;
	return true;
}

/*
 * Lists again until two results agree. A file that is renamed while the
 * directory is read may appear under neither name. If it is missing from the
 * list, and its successor is there, it would be taken for an older file that
 * was read before.
 */
void
rotation_list(struct rotation *rotation, const char *spec,
	      const struct logpos *lost)
{
	list_names(rotation, spec, lost);
	for (int tries = 0; tries < TRIES; tries++) {
		if (rotation_is_current(rotation, spec, lost))
			return;
		rotation_clear(rotation);
		list_names(rotation, spec, lost);
	}
}

bool
rotation_is_current(const struct rotation *rotation, const char *spec,
		    const struct logpos *lost)
{
	struct rotation now;
	bool same;

	list_names(&now, spec, lost);
	same = are_same(&now, rotation);
	rotation_clear(&now);
	return same;
}

void
rotation_clear(struct rotation *rotation)
{
	for (size_t i = 0; i < rotation->count; i++)
		free(rotation->list[i].path);
	free(rotation->list);
	free(rotation->unreadable);
	*rotation = (struct rotation){0};
}

/* ---- search ---- */

ssize_t
rotation_find_inode(const struct rotation *rotation, uint64_t device,
		    uint64_t inode)
{
	for (size_t i = 0; i < rotation->count; i++)
		if (rotation->list[i].inode == inode &&
		    rotation->list[i].device == device)
			return (ssize_t)i;
	return -1;
}

ssize_t
rotation_find(const struct rotation *rotation, const struct fingerprint *print,
	      uint64_t device, uint64_t inode)
{
	ssize_t hint = rotation_find_inode(rotation, device, inode);

	if (hint >= 0 && holds(rotation->list[hint].path, print))
		return hint;
	for (ssize_t i = (ssize_t)rotation->count - 1; i >= 0; i--)
		if (i != hint && holds(rotation->list[i].path, print))
			return i;
	return -1;
}
