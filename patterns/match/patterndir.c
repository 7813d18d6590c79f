#include "patterns/match/patterndir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

/* dir/../patterns, if dir is a build directory that has it; else NULL. */
static char *
beside_build(const char *dir)
{
	const char *base = strrchr(dir, '/');
	struct stat st;
	char *path;

	if (base == NULL || strncmp(base, "/build", 6) != 0)
		return NULL;
	path = alloc_format("%.*s/patterns", (int)(base - dir), dir);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return path;
	free(path);
	return NULL;
}

char *
patterndir_default(void)
{
	char exe[PATH_MAX], *slash, *path = NULL;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len > 0) {
		exe[len] = '\0';
		/* A unit test lies deeper: build/tests/unit/NAME. */
		while (path == NULL && (slash = strrchr(exe, '/')) != NULL) {
			*slash = '\0';
			path = beside_build(exe);
		}
	}
	return path ? path : alloc_string(PATTERN_DIR);
}

struct found {
	char *name, *path;
};

struct finds {
	struct found *list;
	size_t count;
};

static void
add_find(struct finds *finds, const char *path, const char *name)
{
	struct found *found;
	size_t i;

	for (i = 0; i < finds->count; i++)
		if (strcmp(finds->list[i].name, name) == 0)
			break;
	if (i == finds->count) {
		finds->list = alloc_resize(finds->list, finds->count + 1,
					   sizeof(*finds->list));
		finds->count++;
		finds->list[i].name = alloc_string(name);
		finds->list[i].path = NULL;
	}
	found = &finds->list[i];
	free(found->path);
	found->path = alloc_string(path);
}

static void
add_entry(struct finds *finds, const char *dir, const char *name)
{
	char *path = alloc_format("%s/%s", dir, name);

	add_find(finds, path, name);
	free(path);
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static int
search(struct finds *finds, const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (d == NULL)
		return err_set(err, "%s: %s", dir, strerror(errno));
	while (r == 0 && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (ends_with(entry->d_name, ".yaml"))
			add_entry(finds, dir, entry->d_name);
		/* It is meant to count, and would be passed over. */
		else if (ends_with(entry->d_name, ".yml"))
			r = err_set(err, "%s/%s: a pattern file ends in .yaml",
				    dir, entry->d_name);
	}
	closedir(d);
	return r;
}

/* A directory, or a single file. */
static int
look(struct finds *finds, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return search(finds, path, err);
	add_find(finds, path, slash ? slash + 1 : path);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
patterndir_files(const char *const *dirs, size_t ndirs, struct strings *out,
		 struct err *err)
{
	struct finds finds = {0};
	size_t i;
	int r = 0;

	for (i = 0; i < ndirs && r == 0; i++)
		r = look(&finds, dirs[i], err);
	if (finds.count > 1)
		qsort(finds.list, finds.count, sizeof(*finds.list), by_name);
	for (i = 0; i < finds.count; i++) {
		if (r == 0)
			strings_add(out, finds.list[i].path);
		free(finds.list[i].name);
		free(finds.list[i].path);
	}
	free(finds.list);
	return r;
}
