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

/* The patterns/ beside a build directory; NULL: dir is not such a directory. */
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
		/* A unit test is further down: build/tests/unit/NAME. */
		while (path == NULL && (slash = strrchr(exe, '/')) != NULL) {
			*slash = '\0';
			path = beside_build(exe);
		}
	}
	return path ? path : alloc_string(PATTERN_DIR);
}

struct pattern_file {
	char *path;
	const char *name; /* in the path */
	size_t number;	  /* in the order in which they were found */
};

struct pattern_files {
	struct pattern_file *list;
	size_t count;
};

/* Takes the path over. */
static void
add_file(struct pattern_files *files, char *path)
{
	const char *slash = strrchr(path, '/');

	files->list =
	    alloc_resize(files->list, files->count + 1, sizeof(*files->list));
	files->list[files->count] =
	    (struct pattern_file){path, slash ? slash + 1 : path, files->count};
	files->count++;
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static int
search(struct pattern_files *files, const char *dir, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (d == NULL)
		return err_set(err, "%s: %s", dir, strerror(errno));
	while (r == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (ends_with(entry->d_name, ".yaml"))
			add_file(files,
				 alloc_format("%s/%s", dir, entry->d_name));
		/* A mistake that would otherwise go unnoticed. */
		else if (ends_with(entry->d_name, ".yml"))
			r = err_set(err, "%s/%s: a pattern file ends in .yaml",
				    dir, entry->d_name);
	}
	if (r == 0 && errno != 0)
		r = err_set(err, "%s: %s", dir, strerror(errno));
	closedir(d);
	return r;
}

/* Adds a single file, or those of a directory. */
static int
look(struct pattern_files *files, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return search(files, path, err);
	add_file(files, alloc_string(path));
	return 0;
}

/* Of two that have the same name, the later comes last. */
static int
by_name(const void *a, const void *b)
{
	const struct pattern_file *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : x->number < y->number ? -1 : 1;
}

static bool
is_last_of_name(const struct pattern_files *files, size_t i)
{
	return i + 1 == files->count ||
	       strcmp(files->list[i].name, files->list[i + 1].name) != 0;
}

int
patterndir_files(const char *const *dirs, size_t ndirs, struct strings *out,
		 struct err *err)
{
	struct pattern_files files = {0};
	size_t i;
	int r = 0;

	for (i = 0; i < ndirs && r == 0; i++)
		r = look(&files, dirs[i], err);
	if (files.count > 1)
		qsort(files.list, files.count, sizeof(*files.list), by_name);
	for (i = 0; i < files.count; i++) {
		if (r == 0 && is_last_of_name(&files, i))
			strings_add(out, files.list[i].path);
		free(files.list[i].path);
	}
	free(files.list);
	return r;
}
