#include "daemon/source/pathwalk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/filetime.h"

enum { LINKS_MAX = 40 }; /* as in the kernel */

struct walk {
	char at[PATH_MAX];   /* a directory */
	char rest[PATH_MAX]; /* of the path, from there on */
	char next[NAME_MAX + 1];
	int links;
};

/* Splits the next component off the rest. False if nothing is left, or if it is
 * too long. */
static bool
next_component(struct walk *walk)
{
	size_t skip = strspn(walk->rest, "/");
	size_t len = strcspn(walk->rest + skip, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(walk->next, walk->rest + skip, len);
	walk->next[len] = '\0';
	skip += len;
	memmove(walk->rest, walk->rest + skip, strlen(walk->rest + skip) + 1);
	return true;
}

static bool
join(char path[PATH_MAX], const char *at, const char *next)
{
	const char *slash = strcmp(at, "/") == 0 ? "" : "/";

	return snprintf(path, PATH_MAX, "%s%s%s", at, slash, next) < PATH_MAX;
}

/* Puts the target of a link before the rest. */
static bool
enter_link(struct walk *walk, const char *link)
{
	char target[PATH_MAX];
	size_t rest_len = strlen(walk->rest);
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len <= 0 || ++walk->links > LINKS_MAX ||
	    (size_t)len + 1 + rest_len + 1 > sizeof(walk->rest))
		return false;
	memmove(walk->rest + len + 1, walk->rest, rest_len + 1);
	memcpy(walk->rest, target, (size_t)len);
	walk->rest[len] = '/';
	if (target[0] == '/')
		strcpy(walk->at, "/");
	return true;
}

/* False if the walk ends here. */
static bool
take_step(struct walk *walk, pathwalk_step_fn *fn, void *arg)
{
	struct pathwalk_step step = {.directory = walk->at, .next = walk->next};
	char path[PATH_MAX];
	struct stat st;
	bool there, last;

	if (!next_component(walk) || !join(path, walk->at, walk->next))
		return false;
	if (strcmp(walk->next, ".") == 0)
		return true;
	there = lstat(path, &st) == 0;
	step.enterable = there || errno != EACCES;
	last = walk->rest[strspn(walk->rest, "/")] == '\0';
	step.names = !there || last || !S_ISDIR(st.st_mode);
	fn(arg, &step);
	if (there && !last && S_ISDIR(st.st_mode)) {
		strcpy(walk->at, path);
		return true;
	}
	return there && S_ISLNK(st.st_mode) && enter_link(walk, path);
}

static bool
begin(struct walk *walk, const char *path)
{
	if (strlen(path) >= sizeof(walk->rest))
		return false;
	strcpy(walk->at, path[0] == '/' ? "/" : ".");
	strcpy(walk->rest, path);
	return true;
}

void
pathwalk(const char *path, pathwalk_step_fn *fn, void *arg)
{
	struct walk walk = {0};

	if (!begin(&walk, path))
		return;
	while (take_step(&walk, fn, arg))
		continue;
}

/* ---- links ---- */

static void
ignore_step(void *arg, const struct pathwalk_step *step)
{
	(void)arg;
	(void)step;
}

char *
pathwalk_target(const char *path)
{
	struct walk walk = {0};
	char target[PATH_MAX];

	if (!begin(&walk, path))
		return NULL;
	while (take_step(&walk, ignore_step, NULL))
		continue;
	if (walk.rest[strspn(walk.rest, "/")] != '\0' ||
	    !join(target, walk.at, walk.next))
		return NULL;
	return alloc_string(target);
}

struct links {
	struct made_link {
		char *path;
		struct timespec made;
	} list[PATHWALK_LINKS_MAX + 1]; /* the newest first */
	size_t count;
};

/* Takes over the path. */
static void
add_link(struct links *links, char *path)
{
	struct stat st;
	size_t at = links->count;

	if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)) {
		free(path);
		return;
	}
	for (; at > 0 &&
	       filetime_compare(links->list[at - 1].made, st.st_mtim) < 0;
	     at--)
		links->list[at] = links->list[at - 1];
	links->list[at].path = path;
	links->list[at].made = st.st_mtim;
	if (links->count < PATHWALK_LINKS_MAX)
		links->count++;
	else
		free(links->list[PATHWALK_LINKS_MAX].path);
}

void
pathwalk_links(const char *pattern, pathwalk_link_fn *fn, void *arg)
{
	struct links links = {0};
	const char *slash = strrchr(pattern, '/');
	const char *base = slash != NULL ? slash + 1 : pattern;
	char *directory = slash == NULL
			      ? alloc_string("./")
			      : alloc_bytes(pattern, (size_t)(base - pattern));
	DIR *dir = opendir(directory);
	struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		if ((d->d_type == DT_LNK || d->d_type == DT_UNKNOWN) &&
		    fnmatch(base, d->d_name, FNM_PERIOD) == 0)
			add_link(&links,
				 alloc_format("%s%s", directory, d->d_name));
	if (dir != NULL)
		closedir(dir);
	free(directory);
	for (size_t i = 0; i < links.count; i++) {
		fn(arg, links.list[i].path);
		free(links.list[i].path);
	}
}

static void
count_denied(void *arg, const char *link)
{
	size_t *count = arg;
	int fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	else if (errno == EACCES && access(link, R_OK) == 0)
		(*count)++;
}

size_t
pathwalk_denied_links(const char *pattern)
{
	size_t count = 0;

	pathwalk_links(pattern, count_denied, &count);
	return count;
}

/* access(2) knows the mode of the file and the rights of this process, but not
 * what Landlock denies. */
const char *
pathwalk_why_denied(const char *path)
{
	int error = errno;
	bool by_mode = error != EACCES || access(path, R_OK) != 0;

	errno = error;
	return by_mode ? strerror(error)
		       : "Permission denied by the sandbox, although its mode "
			 "allows it: restart the daemon, or set sandbox: off";
}

bool
pathwalk_may_exist(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISREG(st.st_mode);
	return errno != ENOENT && errno != ENOTDIR;
}
