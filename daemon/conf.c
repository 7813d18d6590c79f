#include "daemon/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/yamltree.h"
#include "daemon/defaults.h"
#include "daemon/options.h"
#include "daemon/textconf.h"
#include "maps/map.h"

enum {
	FILE_MAX = 1024 * 1024, /* bytes of a configuration file */
	SETTINGS_MAX = 1024,	/* flags on one command line */
};

static const char default_config[] =
    SYSCONF_DIR "/pop-before-smtp/pop-before-smtp.yaml";

/* ---- the command line: first taken apart, later applied ---- */

struct setting {
	const struct option *option;
	const char *value; /* NULL: bool */
	bool negated;
};

struct settings {
	struct setting list[SETTINGS_MAX];
	size_t count;
};

static int
unknown_flag(const char *name, size_t len, struct err *err)
{
	char *word = alloc_bytes(name, len);
	const char *near = option_suggest_flag(word), *no = "";

	if (near == NULL && strncmp(word, "no", 2) == 0) {
		near = option_suggest_flag(word + 2);
		no = "no";
	}
	if (near != NULL)
		err_set(err, "--%s: unknown flag (did you mean --%s%s?)", word,
			no, near);
	else
		err_set(err, "--%s: unknown flag (--help lists them)", word);
	free(word);
	return -1;
}

/* --nowrite, --no-write */
static const struct option *
find_negated(const char *name, size_t len)
{
	const struct option *o;

	if (len < 3 || strncmp(name, "no", 2) != 0)
		return NULL;
	name += name[2] == '-' ? 3 : 2;
	o = option_find(name, len - (name[-1] == '-' ? 3 : 2));
	return o != NULL && o->kind == OPTION_BOOL ? o : NULL;
}

static int
find_flag(struct setting *s, const char *name, size_t len, struct err *err)
{
	s->option = option_find(name, len);
	s->negated = false;
	if (s->option == NULL) {
		s->option = find_negated(name, len);
		s->negated = true;
	}
	return s->option != NULL ? 0 : unknown_flag(name, len, err);
}

/* Takes one flag, and the value behind it, from argv. */
static int
take_flag(struct setting *s, char *const **argv, struct err *err)
{
	const char *name = **argv + 2;
	size_t len = strcspn(name, "=");
	bool takes_value;

	if (strncmp(**argv, "--", 2) != 0 || len == 0)
		return err_set(err, "'%s': not a flag (--help lists them)",
			       **argv);
	if (find_flag(s, name, len, err) != 0)
		return -1;
	takes_value = s->option->argument != NULL;
	s->value = name[len] == '=' ? name + len + 1 : NULL;
	if (!takes_value && s->value != NULL)
		return err_set(err, "--%.*s: takes no value", (int)len, name);
	(*argv)++;
	if (!takes_value || s->value != NULL)
		return 0;
	s->value = **argv;
	if (s->value == NULL || strncmp(s->value, "--", 2) == 0)
		return err_set(err, "--%.*s: needs a value, %s", (int)len, name,
			       s->option->argument);
	(*argv)++;
	return 0;
}

static int
take_flags(struct settings *settings, char *const *argv, struct err *err)
{
	settings->count = 0;
	while (*argv != NULL) {
		if (settings->count == SETTINGS_MAX)
			return err_set(err, "more than %d flags", SETTINGS_MAX);
		if (take_flag(&settings->list[settings->count], &argv, err))
			return -1;
		settings->count++;
	}
	return 0;
}

static int
set_action(struct conf *conf, const struct option *o, struct err *err)
{
	enum conf_action action = (enum conf_action)o->offset;

	if (conf->action != CONF_RUN && conf->action != action)
		return err_set(err,
			       "--%s: only one of list, dumpconfig, "
			       "check, clear, version, help",
			       o->name);
	conf->action = action;
	return 0;
}

/* The action and --config decide what is read at all. */
static int
apply_first(struct conf *conf, const struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *s = &settings->list[i];

		if (s->option->kind == OPTION_ACTION) {
			if (set_action(conf, s->option, err) != 0)
				return -1;
		} else if (s->option->flag_only &&
			   option_set(s->option, conf, s->value, err) != 0) {
			return err_prefix(err, "--%s", s->option->name);
		}
	}
	return 0;
}

/* The first time a list is named it takes the place of the file's. */
static bool
first_of_its_kind(const struct settings *settings, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (settings->list[i].option == settings->list[at].option)
			return false;
	return true;
}

static int
apply_flags(struct conf *conf, const struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *s = &settings->list[i];

		if (s->option->flag_only)
			continue;
		if (s->option->kind == OPTION_BOOL) {
			option_set_bool(s->option, conf, !s->negated);
			continue;
		}
		if (option_is_list(s->option) && first_of_its_kind(settings, i))
			option_clear(s->option, conf);
		if (option_set(s->option, conf, s->value, err) != 0)
			return err_prefix(err, "--%s", s->option->name);
	}
	return 0;
}

/* ---- the YAML file ---- */

/* The usual word for an empty file. */
static bool
is_null(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	       st->st_rdev == null.st_rdev;
}

/* Who may write the configuration may choose what root writes where. */
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

static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size && n != 0) {
		n = read(fd, text + len, size - len);
		if (n < 0 && errno != EINTR)
			return -1;
		len += n > 0 ? (size_t)n : 0;
		if (n < 0)
			n = 1;
	}
	return (ssize_t)len;
}

/* What is checked is what is read: one open file. */
static struct yaml_tree *
load_file(const char *file, struct err *err)
{
	struct yaml_tree *tree = NULL;
	struct stat st;
	char *text;
	ssize_t len;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		err_set(err, "%s: %s", file, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0) {
		err_set(err, "%s: %s", file, strerror(errno));
	} else if (check_owner(file, &st, err) == 0) {
		text = alloc_zero(FILE_MAX, 1);
		len = read_all(fd, text, FILE_MAX);
		if (len < 0)
			err_set(err, "%s: %s", file, strerror(errno));
		else
			tree = yaml_parse(file, text, (size_t)len, err);
		free(text);
	}
	close(fd);
	return tree;
}

static int
apply_scalar(struct conf *conf, const struct option *o,
	     const struct yaml_tree *tree, const struct yaml_node *node,
	     struct err *err)
{
	struct err why;

	if (node->kind != YAML_SCALAR)
		return yaml_err(tree, node, err, "%s: takes %s", o->name,
				option_is_list(o)
				    ? "a value or a list of values"
				    : "one value");
	if (strlen(node->text) != node->text_len)
		return yaml_err(tree, node, err, "%s: holds a NUL byte",
				o->name);
	if (option_set(o, conf, node->text, &why) != 0)
		return yaml_err(tree, node, err, "%s: %s", o->name, why.text);
	return 0;
}

static int apply_section(struct conf *, const struct yaml_tree *,
			 const struct yaml_node *key,
			 const struct yaml_node *value, struct err *);

/* section: the key that it stands under, NULL = the file itself. */
static int
apply_key(struct conf *conf, const char *section, const struct yaml_tree *tree,
	  const struct yaml_node *key, const struct yaml_node *value,
	  struct err *err)
{
	const struct option *o = option_key(section, key->text);
	const char *near;

	if (section == NULL && option_is_section(key->text))
		return apply_section(conf, tree, key, value, err);
	if (section == NULL && strcmp(key->text, "text") == 0)
		return textconf_read(conf, tree, value, err);
	if (o == NULL) {
		near = option_suggest_key(section, key->text);
		return yaml_err(tree, key, err,
				near ? "unknown key '%s' (did you mean '%s'?)"
				     : "unknown key '%s'%s",
				key->text, near ? near : "");
	}
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

static int
apply_file(struct conf *conf, struct err *err)
{
	struct yaml_tree *tree = load_file(conf->config_file, err);
	const struct yaml_node *root;
	int result = 0;

	if (tree == NULL)
		return -1;
	root = yaml_root(tree);
	if (root->kind != YAML_MAP)
		result =
		    yaml_err(tree, root, err, "not a list of `key: value'");
	for (size_t i = 0; i < root->count && result == 0; i++)
		result = apply_key(conf, NULL, tree, root->keys[i],
				   root->items[i], err);
	yaml_tree_free(&tree);
	return result;
}

/* ---- both ---- */

static int
check_once(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->maps.count; i++)
		if (map_spec_is_live(conf->maps.list[i]))
			return err_set(err,
				       "after once nobody is there to answer "
				       "for %s",
				       conf->maps.list[i]);
	return 0;
}

static int
check_whole(const struct conf *conf, struct err *err)
{
	if (conf->once && check_once(conf, err) != 0)
		return -1;
	if (conf->pidfile == NULL)
		return 0;
	if (strcmp(conf->pidfile, "yes") == 0 ||
	    strcmp(conf->pidfile, "true") == 0 ||
	    strcmp(conf->pidfile, "no") == 0 ||
	    strcmp(conf->pidfile, "false") == 0)
		return err_set(err,
			       "daemon: '%s' is no pid file (as in "
			       "/run/pop-before-smtp.pid)",
			       conf->pidfile);
	if (conf->once)
		return err_set(err, "daemon and once exclude each other");
	for (size_t i = 0; i < conf->logfiles.count; i++)
		if (strcmp(conf->logfiles.list[i], "-") == 0)
			return err_set(err, "a daemon has no standard input "
					    "to follow (logfile '-')");
	return 0;
}

/* The file that a map keeps: NULL, none. To be freed. */
static char *
map_file(const char *spec)
{
	size_t len = strcspn(spec, ":");
	const char *name = spec + len + 1;

	if (map_spec_is_live(spec))
		return NULL;
	if (strncmp(spec, "hash:", len + 1) == 0)
		return alloc_format("%s.db", name);
	if (strncmp(spec, "lmdb:", len + 1) == 0 ||
	    strncmp(spec, "cdb:", len + 1) == 0)
		return alloc_format("%s.%.*s", name, (int)len, spec);
	return alloc_string(name);
}

/* Each would undo what the other writes, and Postfix parse what is no map. */
static int
check_files(const struct conf *conf, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < conf->maps.count; i++) {
		char *file = map_file(conf->maps.list[i]);

		if (file != NULL && strcmp(file, conf->checkpoint) == 0)
			result =
			    err_set(err, "checkpoint: %s is the file of %s",
				    file, conf->maps.list[i]);
		for (size_t j = 0; j < i && file != NULL; j++) {
			char *other = map_file(conf->maps.list[j]);

			if (other != NULL && strcmp(file, other) == 0)
				result = err_set(err,
						 "dbfile: %s and %s are one "
						 "file, %s",
						 conf->maps.list[j],
						 conf->maps.list[i], file);
			free(other);
		}
		free(file);
	}
	return result;
}

static int
load(struct conf *conf, const struct settings *settings, struct err *err)
{
	if (apply_first(conf, settings, err) != 0)
		return EX_USAGE;
	if (conf->action == CONF_HELP || conf->action == CONF_VERSION)
		return 0;
	if (conf->config_file == NULL && access(default_config, F_OK) == 0)
		conf->config_file = alloc_string(default_config);
	if (conf->config_file != NULL && apply_file(conf, err) != 0)
		return EX_CONFIG;
	if (apply_flags(conf, settings, err) != 0 ||
	    check_whole(conf, err) != 0)
		return EX_USAGE;
	defaults_complete(conf);
	return check_files(conf, err) == 0 ? 0 : EX_USAGE;
}

int
conf_reload(struct conf *conf, struct aide *aide, int argc, char *const *argv,
	    struct err *err)
{
	struct settings *settings = alloc_zero(1, sizeof(*settings));
	int code;

	defaults_begin(conf);
	conf->aide = aide;
	code = take_flags(settings, argv + (argc > 0), err) != 0
		   ? EX_USAGE
		   : load(conf, settings, err);
	free(settings);
	if (code != 0)
		conf_clear(conf);
	return code;
}

int
conf_load(struct conf *conf, int argc, char *const *argv, struct err *err)
{
	return conf_reload(conf, NULL, argc, argv, err);
}

void
conf_clear(struct conf *conf)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (option_is_list(o))
			option_clear(o, conf);
		else if (o->kind == OPTION_STRING)
			free(*(char **)option_value(o, conf));
	textconf_clear(conf);
	memset(conf, 0, sizeof(*conf));
}

struct map_settings
conf_map_settings(const struct conf *conf)
{
	return (struct map_settings){
	    .value = conf->value,
	    .flock = conf->flock,
	    .ipv6_prefix = conf->ipv6_prefix == 128 ? 0 : conf->ipv6_prefix,
	    .textforms = conf->textforms,
	    .ntextforms = conf->ntextforms,
	    .policy = &conf->policy,
	};
}

uint32_t
conf_hold(const struct conf *conf)
{
	return conf->sessions ? conf->session_max : 0;
}

uint32_t
conf_longest(const struct conf *conf)
{
	uint32_t hold = conf_hold(conf);

	return hold > conf->grace ? hold : conf->grace;
}
