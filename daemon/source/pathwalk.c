#include "daemon/source/pathwalk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void
pathwalk(const char *path, pathwalk_step_fn *fn, void *arg)
{
	struct walk walk = {0};

	if (strlen(path) >= sizeof(walk.rest))
		return;
	strcpy(walk.at, path[0] == '/' ? "/" : ".");
	strcpy(walk.rest, path);
	while (take_step(&walk, fn, arg))
		continue;
}
