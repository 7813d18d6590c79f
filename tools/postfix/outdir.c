#include "tools/postfix/outdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/string_map.h"
#include "tools/gateway/comparison.h"
#include "tools/gateway/string_set.h"
#include "tools/postfix/entries.h"
#include "tools/postfix/outset.h"
#include "tools/postfix/outset_parts.h"

/* A file of the directory, as it is and as it shall be. */
struct item {
	const struct outset_part *part;
	char *text; /* new; NULL: nothing is left, so it is only compared */
	size_t len;
	struct string_map *file;
	bool changed;
	/* Of a part that is also a map; else NULL. */
	struct string_map *map;
	char *map_name;
	struct string_set *keys; /* new */
	bool map_changed;
};

struct writing {
	const struct outdir *to;
	char *mark; /* the first line, by which a verb knows its files again */
	struct item *items;
	size_t count;
	char *foreign; /* names of files that are not from this verb */
	char *losses;  /* of tables from which too much would go */
};

/* ---- begin and end ---- */

/* One in each line, before a TAB. */
static struct string_set *
read_keys(const char *text)
{
	struct string_set *keys = string_set_new();

	while (*text != '\0') {
		string_set_add(keys, text, strcspn(text, "\t\n"));
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return keys;
}

static int
open_map(struct item *item, const char *path, struct err *err)
{
	const struct outset_part *part = item->part;

	if (item->text == NULL || part->map_type == NULL)
		return 0;
	item->keys = read_keys(part->memory->text);
	item->map_name = string_map_path(part->map_type, part->name);
	item->map = string_map_open(part->map_type, path, "ok", err);
	return item->map != NULL ? 0 : -1;
}

static int
open_item(const struct writing *writing, struct item *item, struct err *err)
{
	const struct outset_part *part = item->part;
	char *path = alloc_format("%s/%s", writing->to->name, part->name);
	int code = 0;

	if (part->stream != NULL) {
		fflush(part->stream);
		item->text =
		    alloc_format("%s%s", writing->mark, part->memory->text);
		item->len = strlen(item->text);
	}
	item->file = string_map_open("", path, NULL, err);
	if (item->file != NULL)
		code = open_map(item, path, err);
	else if (item->text != NULL)
		code = -1;
	free(path);
	return code;
}

/* Also a part that has nothing in it this time: what was there before may be
 * missing by mistake. */
static int
open_all(struct writing *writing, const struct outset *set, struct err *err)
{
	const char *only = writing->to->only;
	int code = 0;

	writing->items = alloc_zero(set->count, sizeof(*writing->items));
	for (size_t i = 0; i < set->count && code == 0; i++) {
		struct item *item = &writing->items[writing->count];

		if (only != NULL && strcmp(only, set->parts[i].word) != 0)
			continue;
		writing->count++;
		item->part = &set->parts[i];
		code = open_item(writing, item, err);
	}
	return code;
}

static void
close_all(struct writing *writing)
{
	for (size_t i = 0; i < writing->count; i++) {
		struct item *item = &writing->items[i];

		free(item->text);
		free(item->map_name);
		string_set_free(&item->keys);
		string_map_close(&item->file);
		string_map_close(&item->map);
	}
	free(writing->items);
	free(writing->foreign);
	free(writing->losses);
	free(writing->mark);
}

/* Then `pbsctl recipients' on the same map waits, too. */
static int
lock_maps(const struct writing *writing, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < writing->count && code == 0; i++)
		if (writing->items[i].map != NULL)
			code = string_map_lock(writing->items[i].map, err);
	return code;
}

/* ---- what is there ---- */

static void
append(char **list, const char *text)
{
	char *before = *list;

	*list = before != NULL ? alloc_format("%s, %s", before, text)
			       : alloc_string(text);
	free(before);
}

static void
judge_loss(struct writing *writing, const char *name, size_t gone,
	   size_t present)
{
	char *loss;

	if (!comparison_shrinks(gone, present, writing->to->max_shrink))
		return;
	loss = alloc_format("%zu of %zu entries of %s", gone, present, name);
	append(&writing->losses, loss);
	free(loss);
}

static void
judge_entries(struct writing *writing, const struct item *item,
	      const char *before)
{
	struct string_set *was = string_set_new(), *is = string_set_new();

	entries_add(was, before);
	if (item->text != NULL)
		entries_add(is, item->text);
	judge_loss(writing, item->part->name, comparison_gone(was, is),
		   string_set_count(was));
	string_set_free(&was);
	string_set_free(&is);
}

/* The present text, to be freed; NULL if this verb did not write it. */
static char *
read_ours(const struct writing *writing, const struct item *item)
{
	struct err err;
	size_t len;
	char *text = NULL;

	if (item->file != NULL)
		string_map_read_text(item->file, &text, &len, &err);
	if (text != NULL &&
	    strncmp(text, writing->mark, strlen(writing->mark)) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* A map has no place for a mark: it is from this verb if its text is. */
static void
find_foreign(struct writing *writing)
{
	for (size_t i = 0; i < writing->count; i++) {
		const struct item *item = &writing->items[i];
		char *ours = read_ours(writing, item);

		if (ours == NULL && item->text != NULL) {
			if (string_map_exists(item->file))
				append(&writing->foreign, item->part->name);
			if (item->map != NULL && string_map_exists(item->map))
				append(&writing->foreign, item->map_name);
		}
		free(ours);
	}
}

static int
refuse_foreign(struct writing *writing, struct err *err)
{
	find_foreign(writing);
	if (writing->foreign == NULL || writing->to->force)
		return 0;
	return err_set(err,
		       "%s: nothing was written: choose another directory, or "
		       "--force to replace what may not be from this verb: %s",
		       writing->to->name, writing->foreign);
}

static void
compare_text(struct writing *writing, struct item *item)
{
	char *before = read_ours(writing, item);

	item->changed = item->text != NULL &&
			(before == NULL || strcmp(before, item->text) != 0);
	if (before != NULL && item->map == NULL && !item->part->settings)
		judge_entries(writing, item, before);
	free(before);
}

/* 0; -1: it cannot be read. */
static int
compare_map(struct writing *writing, struct item *item, struct err *err)
{
	struct comparison keys = {0};
	int code =
	    comparison_make(&keys, item->map, item->keys, NULL, false, err);

	item->map_changed =
	    code < 0 || !keys.exists || keys.gone > 0 || keys.added > 0;
	if (code == 0)
		judge_loss(writing, item->map_name, keys.gone, keys.present);
	comparison_clear(&keys);
	return code;
}

static int
compare_all(struct writing *writing, struct err *err)
{
	const struct outdir *to = writing->to;
	int code = 0;

	for (size_t i = 0; i < writing->count; i++) {
		compare_text(writing, &writing->items[i]);
		if (writing->items[i].map != NULL &&
		    compare_map(writing, &writing->items[i], err) < 0)
			code = -1;
	}
	if (to->force || (code == 0 && writing->losses == NULL))
		return 0;
	if (code != 0)
		err_prefix(err, "refused: --force writes it without comparing");
	else
		err_set(err,
			"%s: refused: over %zu %% would go (--max-shrink or "
			"--force lets it pass): %s",
			to->name, to->max_shrink, writing->losses);
	return 1;
}

/* ---- writing ---- */

/* Whether a table is to be written, or was by a run that was killed before it
 * could write the map. */
static bool
has_news(const struct item *table, const struct item *map)
{
	return !table->part->settings &&
	       (table->changed || (table->file != NULL &&
				   string_map_is_newer(table->file, map->map)));
}

/* smtpd(8) restarts when a map is replaced, and reads the tables then, too: so
 * the map is written again if a table is. true: something is to be written. */
static bool
mark_changes(struct writing *writing)
{
	bool any = false;

	for (size_t i = 0; i < writing->count; i++) {
		struct item *item = &writing->items[i];

		for (size_t k = 0; k < writing->count && item->map; k++)
			if (has_news(&writing->items[k], item))
				item->map_changed = true;
		any = any || item->changed || item->map_changed;
	}
	return any;
}

/* A map_strings.next. */
struct walk {
	const struct string_set *keys;
	size_t at;
};

static const char *
next_key(void *arg)
{
	struct walk *walk = arg;

	return walk->at < string_set_count(walk->keys)
		   ? string_set_at(walk->keys, walk->at++)
		   : NULL;
}

static int
build_map(struct item *item, struct err *err)
{
	struct walk walk = {.keys = item->keys};
	struct map_strings strings = {.next = next_key,
				      .arg = &walk,
				      .count = string_set_count(item->keys)};

	return string_map_build(item->map, &strings, err);
}

/* The maps last, so that no text is newer. */
static int
build_all(struct writing *writing, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < writing->count && code == 0; i++) {
		struct item *item = &writing->items[i];

		if (item->changed)
			code = string_map_build_text(item->file, item->text,
						     item->len, err);
	}
	for (size_t i = 0; i < writing->count && code == 0; i++)
		if (writing->items[i].map_changed)
			code = build_map(&writing->items[i], err);
	return code;
}

/* All of them, so that they belong together. Only after all else that needs
 * space has succeeded. */
static int
keep_all(struct writing *writing, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < writing->count && code == 0; i++) {
		struct item *item = &writing->items[i];

		if (item->text != NULL)
			code = string_map_keep(item->file, err);
		if (code == 0 && item->map != NULL)
			code = string_map_keep(item->map, err);
	}
	return code;
}

static int
commit_texts(struct writing *writing, bool settings, struct err *err)
{
	int code = 0;

	for (size_t i = writing->count; i-- > 0 && code == 0;) {
		struct item *item = &writing->items[i];

		if (item->changed && item->part->settings == settings)
			code = string_map_commit(item->file, err);
	}
	return code;
}

/* The tables, then the maps, then the settings that name them all. */
static int
commit_all(struct writing *writing, struct err *err)
{
	int code = commit_texts(writing, false, err);

	for (size_t i = 0; i < writing->count && code == 0; i++)
		if (writing->items[i].map_changed)
			code = string_map_commit(writing->items[i].map, err);
	return code == 0 ? commit_texts(writing, true, err) : code;
}

static int
write_all(struct writing *writing, struct err *err)
{
	if (!mark_changes(writing))
		return 0;
	if (build_all(writing, err) < 0 || keep_all(writing, err) < 0)
		return -1;
	return commit_all(writing, err);
}

int
outdir_write(const struct outdir *to, struct outset *set, struct err *err)
{
	struct writing writing = {.to = to};
	int code;

	if (mkdir(to->name, 0755) != 0 && errno != EEXIST)
		return err_set(err, "%s: mkdir: %s", to->name, strerror(errno));
	writing.mark = alloc_format(
	    "# Made by pbsctl %s, which replaces this file.\n", to->verb);
	code = open_all(&writing, set, err);
	if (code == 0)
		code = refuse_foreign(&writing, err);
	if (code == 0)
		code = lock_maps(&writing, err);
	if (code == 0)
		code = compare_all(&writing, err);
	if (code == 0)
		code = write_all(&writing, err);
	close_all(&writing);
	return code;
}
