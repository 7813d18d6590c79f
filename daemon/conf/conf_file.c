#include "daemon/conf/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/readfile.h"
#include "base/yamltree.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/conf/conf_text.h"
#include "daemon/conf/options.h"

enum { FILE_MAX = 1024 * 1024 }; /* bytes */

/* ---- the file ---- */

/* /dev/null is the usual name for an empty file. */
static bool
is_null(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	       st->st_rdev == null.st_rdev;
}

/* Whoever can write the configuration decides which files root writes. */
static int
check_owner(const char *file, const struct stat *st, struct err *err)
{
	if (is_null(st))
		return 0;
	if (!S_ISREG(st->st_mode))
		return err_set(err, "%s: not a regular file", file);
	if (geteuid() == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err,
			       "%s: others than its owner may write it (mode "
			       "%03o); chmod go-w it",
			       file, (unsigned int)st->st_mode & 0777);
	if (st->st_size > FILE_MAX)
		return err_set(err, "%s: larger than %d bytes", file, FILE_MAX);
	return 0;
}

/* Checks the file that is then read, not what may replace it meanwhile. */
static struct yaml_tree *
load_file(const char *file, struct err *err)
{
	struct yaml_tree *tree = NULL;
	struct stat st;
	char *text;
	size_t len;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		err_set(err, "%s: %s", file, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0) {
		err_set(err, "%s: %s", file, strerror(errno));
	} else if (check_owner(file, &st, err) == 0) {
		text = readfile_fd(fd, file, FILE_MAX, &len, err);
		if (text != NULL)
			tree = yaml_parse(file, text, len, err);
		free(text);
	}
	close(fd);
	return tree;
}

/* ---- its keys ---- */

static int
apply_scalar(struct conf *conf, const struct option *o,
	     const struct yaml_tree *tree, const struct yaml_node *node,
	     struct err *err)
{
	const char *section = o->section != NULL ? o->section : "";
	const char *colon = o->section != NULL ? ": " : "";
	struct err why;

	if (node->kind != YAML_SCALAR)
		err_set(&why, "takes %s",
			option_is_list(o) ? "a value or a list of values"
					  : "one value");
	else if (strlen(node->text) != node->text_len)
		err_set(&why, "holds a NUL byte");
	else if (option_set(o, conf, node->text, &why) == 0)
		return 0;
	return yaml_err(tree, node, err, "%s%s%s: %s", section, colon, o->name,
			why.text);
}

/* The key of another section, a flag, or a mistyped word. */
static int
unknown_key(const char *section, const struct yaml_tree *tree,
	    const struct yaml_node *key, struct err *err)
{
	const char *name = key->text;
	const char *near = option_suggest_key(section, name);
	const struct option *flag = option_find(name, strlen(name));
	const char *home = option_section_of(name);

	if (home != NULL)
		return yaml_err(tree, key, err,
				"unknown key '%s' (it belongs under `%s:')",
				name, home);
	if (flag != NULL && flag->flag_only)
		return yaml_err(tree, key, err,
				"unknown key '%s' (it is only a flag, --%s)",
				name, name);
	if (flag != NULL)
		return yaml_err(tree, key, err,
				"unknown key '%s' (it does not belong under "
				"`%s:')",
				name, section);
	return yaml_err(tree, key, err,
			near ? "%s%sunknown key '%s' (did you mean '%s'?)"
			     : "%s%sunknown key '%s'%s",
			section ? section : "", section ? ": " : "", name,
			near ? near : "");
}

static int apply_section(struct conf *, const struct yaml_tree *,
			 const struct yaml_node *key,
			 const struct yaml_node *value, struct err *);

/* section: the key that it is under; NULL: the top level. */
static int
apply_key(struct conf *conf, const char *section, const struct yaml_tree *tree,
	  const struct yaml_node *key, const struct yaml_node *value,
	  struct err *err)
{
	const struct option *o = option_key(section, key->text);

	if (section == NULL && option_is_section(key->text))
		return apply_section(conf, tree, key, value, err);
	if (section == NULL && strcmp(key->text, "text") == 0)
		return conf_text_read(conf, tree, value, err);
	if (section == NULL && strcmp(key->text, "peers") == 0)
		return conf_peers_read(conf, tree, value, err);
	if (o == NULL)
		return unknown_key(section, tree, key, err);
	if (value->kind != YAML_LIST || !option_is_list(o))
		return apply_scalar(conf, o, tree, value, err);
	for (size_t i = 0; i < value->count; i++)
		if (apply_scalar(conf, o, tree, value->items[i], err) != 0)
			return -1;
	return 0;
}

static int
apply_section(struct conf *conf, const struct yaml_tree *tree,
	      const struct yaml_node *key, const struct yaml_node *value,
	      struct err *err)
{
	if (value->kind != YAML_MAP)
		return yaml_err(tree, value, err,
				"%s: takes a list of `key: value'", key->text);
	for (size_t i = 0; i < value->count; i++)
		if (apply_key(conf, key->text, tree, value->keys[i],
			      value->items[i], err) != 0)
			return -1;
	return 0;
}

/* --config may still name the file of the Perl program. */
static int
blame_perl(const char *file, struct err *err)
{
	size_t len = strlen(file);
	struct err why = *err;

	if (len > 3 && strcmp(file + len - 3, ".pl") == 0 &&
	    access(file, R_OK) == 0)
		err_set(err,
			"%s (if it is Perl: `pbsctl import-perl %s' converts "
			"it to YAML)",
			why.text, file);
	return -1;
}

int
conf_read_file(struct conf *conf, struct err *err)
{
	struct yaml_tree *tree = load_file(conf->config_file, err);
	const struct yaml_node *root;
	int result = 0;

	if (tree == NULL)
		return blame_perl(conf->config_file, err);
	root = yaml_root(tree);
	if (root->kind != YAML_MAP)
		result =
		    yaml_err(tree, root, err, "not a list of `key: value'");
	for (size_t i = 0; i < root->count && result == 0; i++)
		result = apply_key(conf, NULL, tree, root->keys[i],
				   root->items[i], err);
	yaml_tree_free(&tree);
	return result == 0 ? 0 : blame_perl(conf->config_file, err);
}

/* ---- errors that are found later ---- */

static bool
is_value(const char *text, const char *value)
{
	const char *colon = strchr(value, ':');

	return strcmp(text, value) == 0 ||
	       (*text == '/' && colon != NULL && strcmp(text, colon + 1) == 0);
}

static const struct yaml_node *
find_value(const struct yaml_node *node, const char *value)
{
	const struct yaml_node *found = NULL;

	if (value == NULL)
		return node;
	if (node->kind == YAML_SCALAR)
		return is_value(node->text, value) ? node : NULL;
	for (size_t i = 0; i < node->count && found == NULL; i++)
		found = find_value(node->items[i], value);
	return found;
}

/* By its name or its alias. */
static const struct yaml_node *
find_set(const struct yaml_node *root, const char *key, const char *value)
{
	const struct option *o = option_key(NULL, key);
	const struct yaml_node *node = yaml_get(root, key), *found = NULL;

	if (node != NULL)
		found = find_value(node, value);
	if (found != NULL || o == NULL || o->alias == NULL)
		return found;
	node = yaml_get(root, o->alias);
	return node == NULL ? NULL : find_value(node, value);
}

int
conf_blame(const struct conf *conf, const char *key, const char *value,
	   struct err *err)
{
	struct err why = *err, ignored;
	struct yaml_tree *tree = NULL;
	const struct yaml_node *node = NULL;

	if (conf->config_file != NULL)
		tree = load_file(conf->config_file, &ignored);
	if (tree != NULL && yaml_root(tree)->kind == YAML_MAP)
		node = find_set(yaml_root(tree), key, value);
	if (node != NULL)
		yaml_err(tree, node, err, "%s: %s", key, why.text);
	yaml_tree_free(&tree);
	return -1;
}
