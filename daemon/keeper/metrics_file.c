#include "daemon/keeper/metrics_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/metrics/exposition.h"
#include "daemon/sys/atomic_file.h"
#include "daemon/sys/safe_path.h"

struct metrics_file {
	const char *path;
	char *text;
	size_t len; /* beyond METRICS_FILE_MAX: too long, and not kept */
	bool failed;
};

struct metrics_file *
metrics_file_new(const char *path)
{
	struct metrics_file *m = alloc_zero(1, sizeof(*m));

	m->path = path;
	return m;
}

void
metrics_file_free(struct metrics_file **file)
{
	if (*file == NULL)
		return;
	free((*file)->text);
	free(*file);
	*file = NULL;
}

void
metrics_file_begin(struct metrics_file *m)
{
	m->len = 0;
}

void
metrics_file_add(struct metrics_file *m, const char *bytes, size_t len)
{
	if (m->path == NULL || m->len > METRICS_FILE_MAX)
		return;
	if (len <= METRICS_FILE_MAX - m->len) {
		m->text = alloc_resize(m->text, m->len + len + 1, 1);
		memcpy(m->text + m->len, bytes, len);
	}
	m->len += len;
}

static int
replace(const struct metrics_file *m, struct err *err)
{
	struct atomic_file *file;

	if (m->len > METRICS_FILE_MAX)
		return err_set(err, "%s: more than %d bytes", m->path,
			       METRICS_FILE_MAX);
	if (exposition_check(m->text, m->len, err) != 0)
		return err_prefix(err, "%s", m->path);
	if (safe_path_check(m->path, err) != 0)
		return -1;
	file = atomic_file_create_public(m->path, err);
	if (file == NULL)
		return -1;
	fwrite(m->text, 1, m->len, atomic_file_stream(file));
	return atomic_file_commit(&file, err);
}

void
metrics_file_write(struct metrics_file *m)
{
	bool failed = m->failed;
	struct err err;

	if (m->path == NULL)
		return;
	m->failed = replace(m, &err) != 0;
	if (m->failed && !failed)
		log_error(
		    "metrics: %s; trying again, and continuing without it",
		    err.text);
	else if (failed && !m->failed)
		log_info("metrics: %s: written again", m->path);
}
