#include "daemon/source/pathwalk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as in the kernel */

struct way {
	char at[PATH_MAX];   /* a directory */
	char rest[PATH_MAX]; /* from there on */
	char next[NAME_MAX + 1];
	int links;
};

/* Splits the next part off the rest. false: there is none, or it is absurd. */
static bool
next_part(struct way *way)
{
	size_t skip = strspn(way->rest, "/");
	size_t len = strcspn(way->rest + skip, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(way->next, way->rest + skip, len);
	way->next[len] = '\0';
	skip += len;
	memmove(way->rest, way->rest + skip, strlen(way->rest + skip) + 1);
	return true;
}

static bool
join(char path[PATH_MAX], const char *at, const char *next)
{
	const char *slash = strcmp(at, "/") == 0 ? "" : "/";

	return snprintf(path, PATH_MAX, "%s%s%s", at, slash, next) < PATH_MAX;
}

/* Puts a link's target before the rest. */
static bool
enter_link(struct way *way, const char *link)
{
	char target[PATH_MAX];
	size_t rest_len = strlen(way->rest);
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len <= 0 || ++way->links > LINKS_MAX ||
	    (size_t)len + 1 + rest_len + 1 > sizeof(way->rest))
		return false;
	memmove(way->rest + len + 1, way->rest, rest_len + 1);
	memcpy(way->rest, target, (size_t)len);
	way->rest[len] = '/';
	if (target[0] == '/')
		strcpy(way->at, "/");
	return true;
}

/* false: the way ends here. */
static bool
take_step(struct way *way, pathwalk_step_fn *fn, void *arg)
{
	struct pathwalk_step step = {.directory = way->at, .next = way->next};
	char path[PATH_MAX];
	struct stat st;
	bool there, last;

	if (!next_part(way) || !join(path, way->at, way->next))
		return false;
	if (strcmp(way->next, ".") == 0)
		return true;
	there = lstat(path, &st) == 0;
	step.enterable = there || errno != EACCES;
	last = way->rest[strspn(way->rest, "/")] == '\0';
	step.names = !there || last || !S_ISDIR(st.st_mode);
	fn(arg, &step);
	if (there && !last && S_ISDIR(st.st_mode)) {
		strcpy(way->at, path);
		return true;
	}
	return there && S_ISLNK(st.st_mode) && enter_link(way, path);
}

void
pathwalk(const char *path, pathwalk_step_fn *fn, void *arg)
{
	struct way way = {0};

	if (strlen(path) >= sizeof(way.rest))
		return;
	strcpy(way.at, path[0] == '/' ? "/" : ".");
	strcpy(way.rest, path);
	while (take_step(&way, fn, arg))
		continue;
}
