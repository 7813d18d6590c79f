#include "daemon/journal/journal_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "daemon/journal/journal_open.h"

enum { FILES_MAX = 1000 };
enum { ID_MAX = 64 };

/* As sd_journal_open(3) has them, where only this machine's count. */
static const char VOLATILE[] = "/run/log/journal",
		  PERSISTENT[] = "/var/log/journal",
		  MACHINE_ID[] = "/etc/machine-id";

/* ---- one file ---- */

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len > n && strcmp(text + len - n, end) == 0;
}

static bool
is_file_name(const char *name)
{
	return ends_in(name, ".journal") || ends_in(name, ".journal~");
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

/* What this process may not read, libsystemd does not read either. */
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

/* The directory of a machine is named by 32 digits, or as a UUID. Those of
 * namespaces have a dot in it, and are not read. */
static bool
is_id(const char *name)
{
	size_t digits = 0, dashes = 0;

	for (; *name != '\0'; name++)
		if (isxdigit((unsigned char)*name))
			digits++;
		else if (*name == '-')
			dashes++;
		else
			return false;
	return digits == 32 && (dashes == 0 || dashes == 4);
}

static bool
may_be(const struct dirent *entry, int type)
{
	return entry->d_type == type || entry->d_type == DT_LNK ||
	       entry->d_type == DT_UNKNOWN;
}

static int
scan(struct journal_files *files, const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int result = 0;

	if (dir == NULL)
		return may_be_missing(errno) || errno == ENOTDIR ? 0 : -1;
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (may_be(entry, DT_REG) && is_file_name(entry->d_name))
			result = add_file(files, directory, entry->d_name);
	if (result == 0 && errno != 0)
		result = -1;
	closedir(dir);
	return result;
}

/* machine: the only directory that counts in this one; NULL: all do. */
static int
scan_root(struct journal_files *files, const char *root, const char *machine)
{
	int result = scan(files, root);
	DIR *dir = opendir(root);
	const struct dirent *entry;
	char *directory;

	while (dir != NULL && result == 0 && (entry = readdir(dir)) != NULL) {
		if (!may_be(entry, DT_DIR) || !is_id(entry->d_name) ||
		    (machine != NULL && strcmp(machine, entry->d_name) != 0))
			continue;
		directory = alloc_format("%s/%s", root, entry->d_name);
		result = scan(files, directory);
		free(directory);
	}
	if (dir != NULL)
		closedir(dir);
	return result;
}

static int
scan_local(struct journal_files *files)
{
	struct err err;
	size_t len;
	char *machine = readfile(MACHINE_ID, ID_MAX, &len, &err);
	int result;

	if (machine == NULL)
		return -1;
	machine[strcspn(machine, "\n")] = '\0';
	result = scan_root(files, VOLATILE, NULL);
	if (result == 0)
		result = scan_root(files, PERSISTENT, machine);
	free(machine);
	return result;
}

int
journal_files_find(struct journal_files *files, const struct journal_spec *spec)
{
	return spec->directory != NULL ? scan_root(files, spec->directory, NULL)
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
