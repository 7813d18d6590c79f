#include "daemon/journal/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/journal/journal_open.h"

enum { FILES_MAX = 1000 };

/* ---- one file ---- */

static bool
is_file_name(const char *name)
{
	return fnmatch("?*.journal", name, 0) == 0 ||
	       fnmatch("?*.journal~", name, 0) == 0;
}

/* The name of an archived file has an @, and then its sequence, number and
 * time. */
static bool
is_archived(const struct journal_file *file)
{
	return file->header.archived && file->header.known &&
	       strchr(strrchr(file->path, '/'), '@') != NULL;
}

static void
add(struct journal_files *files, const struct journal_file *file)
{
	if (files->count % 16 == 0)
		files->list = alloc_resize(files->list, files->count + 16,
					   sizeof(*files->list));
	files->list[files->count++] = *file;
}

/* libsystemd skips files that this process may not read. */
static bool
may_be_missing(int error)
{
	return error == ENOENT || error == EACCES || error == EPERM ||
	       error == ELOOP || error == ENXIO;
}

static int
add_file(struct journal_files *files, const char *directory, const char *name)
{
	struct journal_file file = {0};

	file.path = alloc_format("%s/%s", directory, name);
	file.fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file.fd < 0) {
		free(file.path);
		return may_be_missing(errno) ? 0 : -1;
	}
	if (journal_header_read(&file.header, file.fd) != 0 ||
	    file.header.entries == 0) {
		close(file.fd);
		free(file.path);
		return 0;
	}
	if (!is_archived(&file)) {
		close(file.fd);
		file.fd = -1;
	}
	add(files, &file);
	return files->count <= FILES_MAX ? 0 : -1;
}

/* ---- directories ---- */

/* What to do with each entry of a directory. machine: the only one that counts;
 * NULL: all do. */
typedef int each_fn(struct journal_files *, const char *directory,
		    const struct dirent *, const sd_id128_t *machine);

static int
scan(struct journal_files *files, const char *directory, each_fn *each,
     const sd_id128_t *machine)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int result = 0;

	if (dir == NULL)
		return may_be_missing(errno) || errno == ENOTDIR ? 0 : -1;
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		result = each(files, directory, entry, machine);
	if (result == 0 && errno != 0)
		result = -1;
	closedir(dir);
	return result;
}

static bool
may_be(const struct dirent *entry, int type)
{
	return entry->d_type == type || entry->d_type == DT_LNK ||
	       entry->d_type == DT_UNKNOWN;
}

static int
in_machine(struct journal_files *files, const char *directory,
	   const struct dirent *entry, const sd_id128_t *machine)
{
	(void)machine;
	return may_be(entry, DT_REG) && is_file_name(entry->d_name)
		   ? add_file(files, directory, entry->d_name)
		   : 0;
}

/* The directory of a machine is named after it; those of namespaces have a dot
 * in their names, and are not read. */
static int
in_root(struct journal_files *files, const char *root,
	const struct dirent *entry, const sd_id128_t *machine)
{
	char *directory;
	sd_id128_t id;
	int result;

	if (!may_be(entry, DT_DIR) ||
	    sd_id128_from_string(entry->d_name, &id) < 0)
		return in_machine(files, root, entry, machine);
	if (machine != NULL && !sd_id128_equal(id, *machine))
		return 0;
	directory = alloc_format("%s/%s", root, entry->d_name);
	result = scan(files, directory, in_machine, machine);
	free(directory);
	return result;
}

/* The same files as sd_journal_open(3) finds in these directories. */
static int
scan_local(struct journal_files *files)
{
	sd_id128_t machine;

	if (sd_id128_get_machine(&machine) < 0 ||
	    scan(files, "/run/log/journal", in_root, NULL) != 0)
		return -1;
	return scan(files, "/var/log/journal", in_root, &machine);
}

int
journal_files_find(struct journal_files *files, const struct journal_spec *spec)
{
	return spec->directory != NULL
		   ? scan(files, spec->directory, in_root, NULL)
		   : scan_local(files);
}

void
journal_files_release(struct journal_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		if (files->list[i].fd >= 0)
			close(files->list[i].fd);
		files->list[i].fd = -1;
	}
}

void
journal_files_clear(struct journal_files *files)
{
	journal_files_release(files);
	for (size_t i = 0; i < files->count; i++)
		free(files->list[i].path);
	free(files->list);
	*files = (struct journal_files){0};
}
