/*
 * text, cidr: a file of lines, always a new one, under the very name that was
 * given. text is written in the form that the configuration gives it; cidr is
 * a table of Postfix's, which reads it once in each process.
 *
 * No shortened key is looked up in either, so that every address may stand
 * there that is a client's.
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
#include "maps/mapfile.h"
#include "maps/textform.h"

struct map_text {
	struct map map; /* first */
	struct mapfile file;
	struct textform form; /* its texts are the settings', but for cidr: */
	char *line;
};

struct build {
	const struct map_text *text;
	const struct map_rows *rows; /* NULL = none */
};

static void
write_rows(FILE *out, const struct build *build)
{
	unsigned int prefix = build->text->map.settings->ipv6_prefix;
	struct map_row row = {.present = true};

	while (build->rows->next(build->rows->arg, &row))
		if (!addr_is_special(&row.addr))
			textform_row(out, &build->text->form, &row, prefix);
}

/* mapfile_build_fn: arg is a struct build. */
static int
build_text(void *arg, const char *path, struct err *err)
{
	const struct build *build = arg;
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC), code = 0;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out == NULL) {
		err_set(err, "open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	textform_text(out, build->text->form.header);
	if (build->rows != NULL)
		write_rows(out, build);
	textform_text(out, build->text->form.footer);
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
	struct map_text *text = (struct map_text *)map;

	mapfile_close(&text->file);
	free(text->line);
	free(text);
}

static struct map *
open_form(const char *name, struct textform form, char *line,
	  const struct map_settings *settings, struct err *err)
{
	struct map_text *text = alloc_zero(1, sizeof(*text));
	struct build none = {text, NULL};

	text->form = form;
	text->line = line;
	text->map.settings = settings;
	if (mapfile_open(&text->file, name, "", err) < 0) {
		free(line);
		free(text);
		return NULL;
	}
	if (mapfile_prepare(&text->file, build_text, &none, err) < 0) {
		text_close(&text->map);
		return NULL;
	}
	return &text->map;
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

/* permit is what both smtpd(8) and postscreen(8) understand. */
static struct map *
cidr_open(const char *name, const struct map_settings *settings,
	  struct err *err)
{
	const char *value = settings->value ? settings->value : "permit";
	char *line = alloc_format("{address} %s", value);

	return open_form(name, (struct textform){.line = line}, line, settings,
			 err);
}

static int
text_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_text *text = (struct map_text *)map;
	struct build build = {text, rows};

	return mapfile_publish(&text->file, build_text, &build, false, err);
}

static int
text_clear(struct map *map, struct err *err)
{
	struct map_text *text = (struct map_text *)map;
	struct build none = {text, NULL};

	return mapfile_clear(&text->file, build_text, &none, false, err);
}

static int
text_intact(struct map *map)
{
	return mapfile_intact(&((struct map_text *)map)->file);
}

const struct map_ops map_text = {
    .type = "text",
    .open = text_open,
    .replace = text_replace,
    .clear = text_clear,
    .intact = text_intact,
    .close = text_close,
};

const struct map_ops map_cidr = {
    .type = "cidr",
    .read_once = true,
    .open = cidr_open,
    .replace = text_replace,
    .clear = text_clear,
    .intact = text_intact,
    .close = text_close,
};
