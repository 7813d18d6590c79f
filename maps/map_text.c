/*
 * text, cidr: a file of lines with exactly the name that was given. Each update
 * writes a new file. A text map has the form that the configuration gives it;
 * a cidr map is one of Postfix's tables, which each process reads once.
 *
 * No reader looks up shortened keys in either, so they may hold the address of
 * any client.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/contents.h"
#include "maps/map.h"
#include "maps/mapfile.h"
#include "maps/textform.h"

struct map_text {
	struct mapfile file;  /* first */
	struct textform form; /* borrowed from the settings, but for cidr: */
	char *line;
};

static void
write_rows(FILE *out, const struct map_text *text, const struct map_rows *rows)
{
	unsigned int prefix = text->file.map.settings->ipv6_prefix;
	struct map_row row = {.present = true};

	textform_text(out, text->form.header);
	while (rows != NULL && rows->next(rows->arg, &row))
		if (!addr_is_special(&row.addr))
			textform_row(out, &text->form, &row, prefix);
	textform_text(out, text->form.footer);
}

static int
build(struct mapfile *file, const void *data, const char *path, struct err *err)
{
	const struct contents *contents = data;
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC), code = 0;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out == NULL) {
		err_set(err, "open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	write_rows(out, (struct map_text *)file,
		   contents != NULL ? contents->rows : NULL);
	if (fflush(out) != 0 || ferror(out))
		code = errno != 0 ? errno : EIO;
	if (fclose(out) != 0 && code == 0)
		code = errno;
	return code == 0 ? 0
			 : err_set(err, "write %s: %s", path, strerror(code));
}

static void
text_close(struct map *map)
{
	free(((struct map_text *)map)->line);
	mapfile_close(map);
}

static struct map *
open_form(const char *name, struct textform form, char *line,
	  const struct map_settings *settings, struct err *err)
{
	struct map_text *text = alloc_zero(1, sizeof(*text));

	text->form = form;
	text->line = line;
	if (mapfile_open(&text->file, name, "", build, settings, err) == 0)
		return &text->file.map;
	free(line);
	free(text);
	return NULL;
}

static struct map *
text_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	struct textform form = textform_find(settings, name);

	if ((form.line != NULL && textform_check(form.line, err) < 0) ||
	    (form.line6 != NULL && textform_check(form.line6, err) < 0))
		return NULL;
	return open_form(name, form, NULL, settings, err);
}

/* Both smtpd(8) and postscreen(8) understand permit. */
static struct map *
cidr_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	const char *value = settings->value ? settings->value : "permit";
	char *line = alloc_format("{address} %s", value);

	return open_form(name, (struct textform){.line = line}, line, settings,
			 err);
}

const struct map_ops map_text = {
    .type = "text",
    .open = text_open,
    .replace = mapfile_replace,
    .clear = mapfile_clear,
    .intact = mapfile_intact,
    .exists = mapfile_exists,
    .bytes_a_change = mapfile_bytes_a_change,
    .close = text_close,
};

const struct map_ops map_cidr = {
    .type = "cidr",
    .read_once = true,
    .open = cidr_open,
    .replace = mapfile_replace,
    .clear = mapfile_clear,
    .intact = mapfile_intact,
    .exists = mapfile_exists,
    .bytes_a_change = mapfile_bytes_a_change,
    .close = text_close,
};
