#include "tools/where.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/yamltree.h"

static const char usual_config[] =
    SYSCONF_DIR "/pop-before-smtp/pop-before-smtp.yaml";
static const char usual_map[] = STATE_DIR "/pop-before-smtp";

/* The path in "type:/path" or "/path", or NULL. */
static const char *
map_path(const struct yaml_node *node)
{
	const char *colon;

	if (node->kind != YAML_SCALAR)
		return NULL;
	if (node->text[0] == '/')
		return node->text;
	colon = strchr(node->text, ':');
	return colon != NULL && colon[1] == '/' ? colon + 1 : NULL;
}

/* The checkpoint lies beside the first map that is a file. */
static const char *
first_map(const struct yaml_node *maps)
{
	const char *path;

	if (maps == NULL)
		return usual_map;
	if (maps->kind == YAML_SCALAR) {
		path = map_path(maps);
		return path != NULL ? path : usual_map;
	}
	for (size_t i = 0; maps->kind == YAML_LIST && i < maps->count; i++) {
		path = map_path(maps->items[i]);
		if (path != NULL)
			return path;
	}
	return usual_map;
}

static char *
beside(const struct yaml_node *root)
{
	const struct yaml_node *checkpoint = yaml_get(root, "checkpoint");
	char *state, *path;

	if (checkpoint != NULL && checkpoint->kind == YAML_SCALAR)
		return ctlsocket_path(checkpoint->text);
	state = alloc_format("%s.state", first_map(yaml_get(root, "dbfile")));
	path = ctlsocket_path(state);
	free(state);
	return path;
}

char *
where_socket(const char *config, struct err *err)
{
	struct yaml_tree *tree;
	const struct yaml_node *root;
	char *path = NULL;

	if (config == NULL && access(usual_config, F_OK) == 0)
		config = usual_config;
	tree = config != NULL ? yaml_load(config, err)
			      : yaml_parse("", "", 0, err);
	if (tree == NULL)
		return NULL;
	root = yaml_root(tree);
	if (root->kind == YAML_MAP)
		path = beside(root);
	else
		yaml_err(tree, root, err, "not a list of `key: value'");
	yaml_tree_free(&tree);
	return path;
}
