#include "daemon/conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/conf/conf_defaults.h"
#include "daemon/conf/conf_file.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/conf/conf_text.h"
#include "daemon/conf/conf_validate.h"
#include "daemon/conf/options.h"

enum { FLAGS_MAX = 1024 }; /* on one command line */

static const char default_config[] =
    SYSCONF_DIR "/pop-before-smtp/pop-before-smtp.yaml";

/* ---- the command line: parsed first, applied after the file ---- */

struct flag {
	const struct option *option;
	const char *value; /* NULL: it takes none */
	bool negated;
};

struct flags {
	struct flag list[FLAGS_MAX];
	size_t count;
};

/* "unknown flag (did you mean --grace?)" */
static int
unknown_flag(const char *what, const char *name, size_t len, struct err *err)
{
	char *word = alloc_bytes(name, len), flag[OPTION_FLAG_MAX];
	const char *near = option_suggest_flag(word), *no = "";

	if (near == NULL && strncmp(word, "no", 2) == 0) {
		near = option_suggest_flag(word + 2);
		no = "no";
	}
	if (near != NULL)
		err_set(err, "%s (did you mean --%s%s?)", what, no,
			option_flag(near, flag) + 2);
	else
		err_set(err, "%s (--help lists them)", what);
	free(word);
	return -1;
}

/* As in --nowrite or --no-write. */
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
find_flag(struct flag *f, const char *name, size_t len, struct err *err)
{
	f->option = option_find(name, len);
	f->negated = false;
	if (f->option == NULL) {
		f->option = find_negated(name, len);
		f->negated = true;
	}
	if (f->option != NULL)
		return 0;
	unknown_flag("unknown flag", name, len, err);
	return err_prefix(err, "--%.*s", (int)len, name);
}

/* A word such as "check" or "-check". */
static int
not_a_flag(const char *word, struct err *err)
{
	const char *name = word + strspn(word, "-");

	unknown_flag("not a flag", name, strcspn(name, "="), err);
	return err_prefix(err, "'%s'", word);
}

/* Takes one flag and its value from argv. */
static int
take_flag(struct flag *f, char *const **argv, struct err *err)
{
	const char *name = **argv + 2;
	size_t len = strcspn(name, "=");
	bool takes_value;

	if (strncmp(**argv, "--", 2) != 0 || len == 0)
		return not_a_flag(**argv, err);
	if (find_flag(f, name, len, err) != 0)
		return -1;
	takes_value = f->option->argument != NULL;
	f->value = name[len] == '=' ? name + len + 1 : NULL;
	if (!takes_value && f->value != NULL)
		return err_set(err, "--%.*s: takes no value", (int)len, name);
	(*argv)++;
	if (!takes_value || f->value != NULL)
		return 0;
	f->value = **argv;
	if (f->value == NULL || strncmp(f->value, "--", 2) == 0)
		return err_set(err, "--%.*s: needs a value, %s", (int)len, name,
			       f->option->argument);
	(*argv)++;
	return 0;
}

static int
take_flags(struct flags *flags, char *const *argv, struct err *err)
{
	flags->count = 0;
	while (*argv != NULL) {
		if (flags->count == FLAGS_MAX)
			return err_set(err, "more than %d flags", FLAGS_MAX);
		if (take_flag(&flags->list[flags->count], &argv, err))
			return -1;
		flags->count++;
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

/* Applies the action and --config, which decide whether a file is read. */
static int
apply_first(struct conf *conf, const struct flags *flags, struct err *err)
{
	char flag[OPTION_FLAG_MAX];

	for (size_t i = 0; i < flags->count; i++) {
		const struct flag *f = &flags->list[i];

		if (f->option->kind == OPTION_ACTION) {
			if (set_action(conf, f->option, err) != 0)
				return -1;
		} else if (f->option->flag_only &&
			   option_set(f->option, conf, f->value, err) != 0) {
			return err_prefix(
			    err, "%s", option_flag(f->option->name, flag));
		}
	}
	return 0;
}

/* The first flag for a list replaces the list of the file; others add to it. */
static bool
is_first_of_its_kind(const struct flags *flags, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (flags->list[i].option == flags->list[at].option)
			return false;
	return true;
}

static int
apply_flags(struct conf *conf, const struct flags *flags, struct err *err)
{
	char flag[OPTION_FLAG_MAX];

	for (size_t i = 0; i < flags->count; i++) {
		const struct flag *f = &flags->list[i];

		if (f->option->flag_only)
			continue;
		if (f->option->kind == OPTION_BOOL) {
			option_set_bool(f->option, conf, !f->negated);
			continue;
		}
		if (option_is_list(f->option) && is_first_of_its_kind(flags, i))
			option_clear(f->option, conf);
		if (option_set(f->option, conf, f->value, err) != 0)
			return err_prefix(
			    err, "%s", option_flag(f->option->name, flag));
	}
	return 0;
}

/* ---- all together ---- */

/* A flag has set the key, or the file: then its line is named. */
static int
blame(const struct conf *conf, const struct flags *flags,
      const struct culprit *culprit, struct err *err)
{
	char *reason = alloc_string(err->text);
	bool by_flag = false;

	for (size_t i = 0; i < flags->count; i++)
		if (strcmp(flags->list[i].option->name, culprit->key) == 0)
			by_flag = true;
	if (!by_flag)
		conf_blame(conf, culprit->key, culprit->value, err);
	by_flag = by_flag || strcmp(err->text, reason) == 0;
	free(reason);
	if (!by_flag)
		return EX_CONFIG;
	err_prefix(err, "%s", culprit->key);
	return EX_USAGE;
}

static int
load(struct conf *conf, struct helper *helper, const struct flags *flags,
     struct err *err)
{
	struct culprit culprit;

	if (apply_first(conf, flags, err) != 0)
		return EX_USAGE;
	if (conf->action == CONF_HELP || conf->action == CONF_VERSION)
		return 0;
	if (conf->config_file == NULL && access(default_config, F_OK) == 0)
		conf->config_file = alloc_string(default_config);
	if (conf->config_file != NULL && conf_read_file(conf, err) != 0)
		return EX_CONFIG;
	if (apply_flags(conf, flags, err) != 0)
		return EX_USAGE;
	if (conf_validate_flags(conf, &culprit, err) != 0)
		return blame(conf, flags, &culprit, err);
	conf_defaults_complete(conf, helper);
	return conf_validate_files(conf, &culprit, err) == 0
		   ? 0
		   : blame(conf, flags, &culprit, err);
}

int
conf_load(struct conf *conf, struct helper *helper, int argc, char *const *argv,
	  struct err *err)
{
	struct flags *flags = alloc_zero(1, sizeof(*flags));
	int code;

	conf_defaults_begin(conf);
	code = take_flags(flags, argv + (argc > 0), err) != 0
		   ? EX_USAGE
		   : load(conf, helper, flags, err);
	free(flags);
	if (code != 0)
		conf_clear(conf);
	return code;
}

void
conf_clear(struct conf *conf)
{
	for (const struct option *o = options; o->name != NULL; o++)
		if (option_is_list(o))
			option_clear(o, conf);
		else if (o->kind == OPTION_STRING)
			free(*(char **)option_value(o, conf));
	conf_text_clear(conf);
	conf_peers_clear(conf);
	memset(conf, 0, sizeof(*conf));
}
