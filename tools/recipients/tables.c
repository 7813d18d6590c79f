#include "tools/recipients/tables.h"

#include <stdlib.h>
#include <string.h>

#include "maps/string_map.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/plus_table.h"
#include "tools/gateway/string_set.h"
#include "tools/recipients/settings.h"

int
tables_open(struct tables *tables, const struct recipients_settings *settings,
	    struct err *err)
{
	*tables = (struct tables){0};
	if (settings->plain) {
		tables->sort = strcmp(settings->map_type, "hash") != 0;
		tables->map = string_map_open(settings->map_type,
					      settings->map_name, "ok", err);
		if (tables->map == NULL)
			return -1;
	}
	if (settings->plus) {
		tables->plus =
		    string_map_open("", settings->plus_name, NULL, err);
		if (tables->plus == NULL)
			return -1;
	}
	if (settings->diff)
		return 0;
	return string_map_lock(tables->map ? tables->map : tables->plus, err);
}

void
tables_close(struct tables *tables)
{
	comparison_clear(&tables->keys);
	string_set_free(&tables->users);
	free(tables->text);
	string_map_close(&tables->plus);
	string_map_close(&tables->map); /* releases the lock last */
}

static int
compare_plus(struct tables *tables, const struct address_list *list,
	     struct err *err)
{
	size_t len;
	char *text;
	int code = string_map_read_text(tables->plus, &text, &len, err);

	tables->plus_new = code == 0;
	tables->text = plus_table_text(list->plus, &tables->len);
	tables->plus_changed = code != 1 || len != tables->len ||
			       memcmp(text, tables->text, len) != 0;
	tables->users = string_set_new();
	if (code > 0)
		tables->foreign = plus_table_parse(text, tables->users) < 0;
	tables->users_gone = comparison_gone(tables->users, list->plus);
	free(text);
	return code < 0 ? -1 : 0;
}

int
tables_compare(struct tables *tables, const struct address_list *list,
	       bool keep, struct err *err)
{
	int code = 0;

	if (tables->plus != NULL)
		code = compare_plus(tables, list, err);
	if (tables->map == NULL)
		return code;
	if (comparison_make(&tables->keys, tables->map, list->keys,
			    list->domains, keep, err) < 0) {
		tables->unreadable = true;
		code = -1;
	}
	tables->map_changed = tables->unreadable || !tables->keys.exists ||
			      tables->keys.gone > 0 || tables->keys.added > 0;
	/* Also if a run was killed after it had put the text in place. */
	if (tables->plus_changed ||
	    (tables->plus != NULL &&
	     string_map_is_newer(tables->plus, tables->map)))
		tables->map_changed = true;
	return code;
}

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
build(struct tables *tables, const struct address_list *list, struct err *err)
{
	struct walk walk = {.keys = list->keys};
	struct map_strings strings = {
	    .next = next_key,
	    .arg = &walk,
	    .count = string_set_count(list->keys),
	};

	if (tables->plus_changed &&
	    string_map_build_text(tables->plus, tables->text, tables->len,
				  err) < 0)
		return -1;
	if (!tables->map_changed)
		return 0;
	if (tables->sort)
		string_set_sort(list->keys);
	return string_map_build(tables->map, &strings, err);
}

/* Both, since they belong together, even if only one changes. Only after all
 * that needs space has succeeded. */
static int
keep_previous(struct tables *tables, struct err *err)
{
	if (tables->plus != NULL && string_map_keep(tables->plus, err) < 0)
		return -1;
	return tables->map != NULL ? string_map_keep(tables->map, err) : 0;
}

int
tables_write(struct tables *tables, const struct address_list *list,
	     struct err *err)
{
	int code = build(tables, list, err);

	if (code == 0)
		code = keep_previous(tables, err);
	if (code == 0 && tables->plus_changed)
		code = string_map_commit(tables->plus, err);
	if (code == 0 && tables->map_changed)
		code = string_map_commit(tables->map, err);
	return code;
}
