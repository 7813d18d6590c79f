#include "tools/setup/settings_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/readfile.h"
#include "base/yamltree.h"
#include "daemon/sys/atomic_file.h"

enum { SETTINGS_MAX = 1024 * 1024 };

int
settings_file_load(struct settings_file *file, const char *path,
		   struct err *err)
{
	struct yaml_tree *tree;

	*file = (struct settings_file){.path = realpath(path, NULL)};
	if (file->path == NULL && errno == ENOENT) {
		file->path = alloc_string(path);
		file->text = alloc_string("");
		return 0;
	}
	if (file->path == NULL)
		return err_set(err, "%s: %s", path, strerror(errno));
	file->exists = true;
	file->text = readfile(file->path, SETTINGS_MAX, &file->len, err);
	if (file->text == NULL)
		return -1;
	tree = yaml_parse(path, file->text, file->len, err);
	if (tree == NULL)
		return -1;
	file->names_log = yaml_get(yaml_root(tree), "logfile") != NULL ||
			  yaml_get(yaml_root(tree), "watchlog") != NULL;
	file->names_map = yaml_get(yaml_root(tree), "dbfile") != NULL;
	yaml_tree_free(&tree);
	return 0;
}

void
settings_file_clear(struct settings_file *file)
{
	free(file->path);
	free(file->text);
}

static char *
append(const struct settings_file *file, const struct strings *lines,
       time_t now)
{
	char *text, date[16];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	fwrite(file->text, 1, file->len, out);
	if (file->len > 0 && file->text[file->len - 1] != '\n')
		fputc('\n', out);
	fprintf(out, "%s# By pbsctl setup, %s:\n", file->len > 0 ? "\n" : "",
		date);
	for (size_t i = 0; i < lines->count; i++)
		fprintf(out, "%s\n", lines->list[i]);
	fclose(out);
	return text;
}

/* Whether the text sets what the line sets. */
static bool
is_set(const struct yaml_tree *tree, const char *line)
{
	char *key = alloc_bytes(line, strcspn(line, ":"));
	bool set = yaml_get(yaml_root(tree), key) != NULL;

	free(key);
	return set;
}

char *
settings_file_with(const struct settings_file *file,
		   const struct strings *lines, time_t now, struct err *err)
{
	char *text = append(file, lines, now);
	struct err why;
	struct yaml_tree *tree =
	    yaml_parse(file->path, text, strlen(text), &why);
	bool whole = tree != NULL;

	for (size_t i = 0; i < lines->count && whole; i++)
		whole = is_set(tree, lines->list[i]);
	yaml_tree_free(&tree);
	if (whole)
		return text;
	err_set(err, "%s: lines at its end would not be read as settings; "
		     "write them yourself", file->path);
	free(text);
	return NULL;
}

int
settings_file_write(const struct settings_file *file, const char *text,
		    struct err *err)
{
	struct stat st = {.st_mode = 0644, .st_uid = geteuid(),
			  .st_gid = getegid()};
	struct atomic_file *out;
	int fd;

	if (file->exists && stat(file->path, &st) != 0)
		return err_set(err, "%s: %s", file->path, strerror(errno));
	out = atomic_file_create(file->path, err);
	if (out == NULL)
		return -1;
	fd = fileno(atomic_file_stream(out));
	fputs(text, atomic_file_stream(out));
	if (fchown(fd, st.st_uid, st.st_gid) != 0 ||
	    fchmod(fd, st.st_mode & 07777) != 0) {
		err_set(err, "%s: %s", file->path, strerror(errno));
		atomic_file_discard(&out);
		return -1;
	}
	return atomic_file_commit(&out, err);
}
