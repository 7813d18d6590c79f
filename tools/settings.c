#include "tools/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/yamltree.h"
#include "patterns/match/patterndir.h"
#include "tools/consult.h"

static void
take_list(const struct yaml_node *root, const char *key, struct strings *out)
{
	const struct yaml_node *list = yaml_get(root, key);

	for (size_t i = 0; list != NULL && i < list->count; i++)
		strings_add(out, list->items[i]->text);
}

/* What --dumpconfig prints is in its plainest form: lists are lists, times are
 * seconds. */
static int
take_settings(const char *text, struct settings *settings, struct err *err)
{
	struct yaml_tree *tree =
	    yaml_parse("--dumpconfig", text, strlen(text), err);
	const struct yaml_node *root, *node;

	if (tree == NULL)
		return -1;
	root = yaml_root(tree);
	take_list(root, "patterns", &settings->patterns);
	take_list(root, "enable", &settings->enable);
	take_list(root, "exclude", &settings->exclude);
	take_list(root, "dbfile", &settings->maps);
	node = yaml_get(root, "grace");
	if (node != NULL && node->kind == YAML_SCALAR)
		settings->grace = (uint32_t)strtoul(node->text, NULL, 10);
	node = yaml_get(root, "mynetworks");
	settings->mynetworks = node != NULL && node->kind == YAML_SCALAR &&
			       strcmp(node->text, "yes") == 0;
	yaml_tree_free(&tree);
	return 0;
}

int
settings_load(const char *config, struct settings *settings, struct err *err)
{
	char *flag = config ? alloc_format("--config=%s", config) : NULL;
	const char *flags[] = {"--dumpconfig", flag, NULL};
	char *said;
	int r = consult(flags, "", 0, &said, err);

	free(flag);
	if (r != 0)
		return r;
	r = take_settings(said, settings, err);
	free(said);
	return r;
}

void
settings_clear(struct settings *settings)
{
	strings_clear(&settings->patterns);
	strings_clear(&settings->enable);
	strings_clear(&settings->exclude);
	strings_clear(&settings->maps);
}

int
settings_ask(const char *config, struct strings *patterns, struct err *err)
{
	struct settings settings = {0};
	int r = settings_load(config, &settings, err);

	for (size_t i = 0; i < settings.patterns.count; i++)
		strings_add(patterns, settings.patterns.list[i]);
	settings_clear(&settings);
	return r;
}

void
settings_defaults(struct strings *patterns)
{
	static const char local[] = SYSCONF_DIR "/pop-before-smtp/patterns";
	char *dir = patterndir_default();

	strings_add(patterns, dir);
	free(dir);
	if (access(local, F_OK) == 0)
		strings_add(patterns, local);
}
