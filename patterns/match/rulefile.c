#include "patterns/match/rulefile.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "base/suggest.h"
#include "base/yamltree.h"
#include "patterns/match/bare_text.h"

enum { NAME_LEN_MAX = 64 };

static const char *const file_keys[] = {
    "server", "versions", "program", "header", "warning", "rules", NULL};
static const char *const rule_keys[] = {
    "name",	 "match",   "connect", "login",	   "end",  "logout",
    "multiline", "accept",  "reject",  "optional", "line", "program",
    "header",	 "checked", "cut",     NULL};
static const char *const accept_keys[] = {"line", "lines",   "ip",
					  "user", "session", NULL};
static const char *const reject_keys[] = {"line", "lines", "why", "checked",
					  NULL};

/* What a file sets for all its rules. */
struct context {
	const struct yaml_tree *tree;
	struct rulefile *out;
	bool bare;
	const char *server;
	const struct yaml_node *program; /* NULL: each rule names its own */
	enum header header;
	const char *warning; /* may be NULL */
};

static int
check_keys(const struct yaml_tree *tree, const struct yaml_node *node,
	   const char *what, const char *const *keys, struct err *err)
{
	const char *near;
	size_t i, k;

	if (node->kind != YAML_MAP)
		return yaml_err(tree, node, err, "%s must be a map", what);
	for (i = 0; i < node->count; i++) {
		for (k = 0; keys[k] != NULL; k++)
			if (keys[k][0] == node->keys[i]->text[0] &&
			    strcmp(keys[k], node->keys[i]->text) == 0)
				break;
		if (keys[k] != NULL)
			continue;
		near = suggest(node->keys[i]->text, keys);
		return yaml_err(tree, node->keys[i], err,
				near ? "unknown key '%s' in %s (did you mean "
				       "'%s'?)"
				     : "unknown key '%s' in %s",
				node->keys[i]->text, what, near);
	}
	return 0;
}

/* The string under key: 1; 0: there is no such key; -1: it is not a string. */
static int
get_string(const struct yaml_tree *tree, const struct yaml_node *map,
	   const char *key, const char **out, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);

	*out = NULL;
	if (node == NULL)
		return 0;
	if (node->kind != YAML_SCALAR)
		return yaml_err(tree, node, err, "'%s' must be a string", key);
	if (node->text_len == 0 || strlen(node->text) != node->text_len)
		return yaml_err(tree, node, err,
				node->text_len ? "'%s' contains a NUL byte"
					       : "'%s' is empty",
				key);
	*out = node->text;
	return 1;
}

static int
need_string(const struct yaml_tree *tree, const struct yaml_node *map,
	    const char *key, const char *what, const char **out,
	    struct err *err)
{
	int got = get_string(tree, map, key, out, err);

	if (got == 0)
		return yaml_err(tree, map, err, "%s has no '%s'", what, key);
	return got < 0 ? -1 : 0;
}

static int
get_bool(const struct yaml_tree *tree, const struct yaml_node *map,
	 const char *key, bool *out, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (node == NULL)
		return 0;
	if (node->kind == YAML_SCALAR && node->plain) {
		*out = strcmp(node->text, "true") == 0;
		if (*out || strcmp(node->text, "false") == 0)
			return 0;
	}
	return yaml_err(tree, node, err, "'%s' must be true or false", key);
}

static int
get_header(const struct yaml_tree *tree, const struct yaml_node *map,
	   enum header *out, struct err *err)
{
	const char *const *names = header_names();
	const char *name, *near;
	int i, got;

	got = get_string(tree, map, "header", &name, err);
	if (got <= 0)
		return got;
	for (i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum header)i;
			return 0;
		}
	near = suggest(name, names);
	return yaml_err(tree, yaml_get(map, "header"), err,
			near ? "unknown header '%s' (did you mean '%s'?)"
			     : "unknown header '%s'",
			name, near);
}

/* A string or a list of them. */
static int
take_strings(const struct context *ctx, const struct yaml_node *node,
	     const char *wrong, char ***list, size_t *count, struct err *err)
{
	const struct yaml_node *const *items = &node;
	size_t i, n = 1;

	if (node->kind == YAML_LIST) {
		items = (const struct yaml_node *const *)node->items;
		n = node->count;
	}
	*list = alloc_zero(n + 1, sizeof(**list));
	*count = 0;
	for (i = 0; i < n; i++) {
		if (items[i]->kind != YAML_SCALAR || items[i]->text_len == 0 ||
		    strlen(items[i]->text) != items[i]->text_len)
			return yaml_err(ctx->tree, items[i], err, "%s", wrong);
		(*list)[(*count)++] = alloc_string(items[i]->text);
	}
	return 0;
}

/* As "cyrus/" and "*imap*": a slash, and after it a word between stars. */
static bool
is_infix(const char *name)
{
	const char *word = strchr(name, '*') + 1;
	size_t len = strcspn(word, "*/");

	return word - name > 2 && word[-2] == '/' && len > 0 &&
	       strcmp(word + len, "*") == 0;
}

/* A '*' may only replace all that comes before the only slash, or what is
 * around a word after one. */
static bool
is_program(const char *name)
{
	if (!rule_any_prefix(name))
		return strchr(name, '*') == NULL || is_infix(name);
	return name[1] == '/' && name[2] != '\0' &&
	       strpbrk(name + 2, "*/") == NULL;
}

/* Takes a name or a list of names. In logs that name no program, the header's
 * name is the program. */
static int
set_programs(const struct context *ctx, struct rule *rule,
	     const struct yaml_node *node, const struct yaml_node *at,
	     struct err *err)
{
	size_t i, n;

	if (node == NULL) {
		if (rule->header == HEADER_SYSLOG)
			return yaml_err(ctx->tree, at, err,
					"rule '%s' has no 'program'",
					rule->name);
		rule->programs = alloc_zero(2, sizeof(*rule->programs));
		rule->programs[0] = alloc_string(header_names()[rule->header]);
		return 0;
	}
	if (node->kind == YAML_LIST && node->count == 0)
		return yaml_err(ctx->tree, node, err, "'program' is empty");
	if (take_strings(ctx, node,
			 "'program' must be a name or a list of names",
			 &rule->programs, &n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (!is_program(rule->programs[i]))
			return yaml_err(
			    ctx->tree, node, err,
			    "'*' in a program is only allowed "
			    "before its only slash, as in '*/imap'");
	return 0;
}

/* Takes one line from 'line', or several from 'lines'. */
static int
set_lines(const struct context *ctx, struct sample *sample,
	  const struct yaml_node *node, const char *what, struct err *err)
{
	const struct yaml_node *lines = yaml_get(node, "lines");
	const char *line;

	if (lines == NULL) {
		if (need_string(ctx->tree, node, "line", what, &line, err) < 0)
			return -1;
		lines = yaml_get(node, "line");
	} else if (yaml_get(node, "line") != NULL) {
		return yaml_err(ctx->tree, node, err,
				"%s has both 'line' and 'lines'", what);
	} else if (lines->kind != YAML_LIST || lines->count == 0) {
		return yaml_err(ctx->tree, lines, err,
				"'lines' must be a list of lines");
	}
	if (take_strings(ctx, lines, "'lines' must be a list of lines",
			 &sample->lines, &sample->nlines, err) < 0)
		return -1;
	sample->line = sample->lines[sample->nlines - 1];
	return 0;
}

static char *
copy_or_null(const char *text)
{
	return text ? alloc_string(text) : NULL;
}

static int
get_checked(const struct context *ctx, const struct yaml_node *node, bool *out,
	    struct err *err)
{
	const char *what;
	int got = get_string(ctx->tree, node, "checked", &what, err);

	if (got > 0 && strcmp(what, "user") != 0)
		return yaml_err(ctx->tree, yaml_get(node, "checked"), err,
				"'checked' can only be 'user'");
	*out = got > 0;
	return got < 0 ? -1 : 0;
}

static int
set_sample(const struct context *ctx, const struct rule *rule,
	   struct sample *sample, const struct yaml_node *node, bool accept,
	   struct err *err)
{
	const char *what = accept ? "accept sample" : "reject sample";
	const char *ip, *user, *session, *why;
	struct addr addr;

	if (check_keys(ctx->tree, node, what,
		       accept ? accept_keys : reject_keys, err) < 0 ||
	    set_lines(ctx, sample, node, what, err) < 0 ||
	    get_string(ctx->tree, node, "ip", &ip, err) < 0 ||
	    get_string(ctx->tree, node, "user", &user, err) < 0 ||
	    get_string(ctx->tree, node, "session", &session, err) < 0 ||
	    get_string(ctx->tree, node, "why", &why, err) < 0 ||
	    get_checked(ctx, node, &sample->user_checked, err) < 0)
		return -1;
	if (accept && ip == NULL && !rule->multiline &&
	    !(rule->logout && session != NULL))
		return yaml_err(ctx->tree, node, err, "%s has no 'ip'", what);
	if (ip != NULL && addr_parse(&addr, ip, strlen(ip)) < 0)
		return yaml_err(ctx->tree, yaml_get(node, "ip"), err,
				"'%s' is not an address", ip);
	sample->ip = copy_or_null(ip);
	sample->user = copy_or_null(user);
	sample->session = copy_or_null(session);
	sample->why = copy_or_null(why);
	sample->lineno = node->line;
	return 0;
}

static int
set_samples(const struct context *ctx, const struct rule *rule,
	    struct samples *samples, const struct yaml_node *node,
	    const char *key, struct err *err)
{
	const struct yaml_node *list = yaml_get(node, key);
	size_t i;

	if (list == NULL)
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_err(ctx->tree, list, err,
				"'%s' must be a list of samples", key);
	samples->list = alloc_zero(list->count, sizeof(*samples->list));
	for (i = 0; i < list->count; i++) {
		samples->count++;
		if (set_sample(ctx, rule, &samples->list[i], list->items[i],
			       strcmp(key, "accept") == 0, err) < 0)
			return -1;
	}
	return 0;
}

/* Names appear in log lines and on command lines: each is one word. */
static int
check_name(const struct context *ctx, const char *name,
	   const struct yaml_node *at, struct err *err)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (strspn(name, word) == strlen(name) && strlen(name) <= NAME_LEN_MAX)
		return 0;
	return yaml_err(ctx->tree, at, err,
			"a rule's name is letters, digits, '.', '_' and '-', "
			"at most %d",
			NAME_LEN_MAX);
}

/* Checks which keys go together: those of a login in one line, of a login in
 * two lines, or of a logout. */
static int
check_kind(const struct context *ctx, const struct rule *rule,
	   const struct yaml_node *node, struct err *err)
{
	bool two = rule->connect || rule->login || rule->end;

	if (!rule->match && !two && !rule->logout && !rule->multiline)
		return yaml_err(ctx->tree, node, err,
				"rule has no 'match' (nor 'connect' and "
				"'login', nor 'logout')");
	if (!!rule->match + two + !!rule->logout + !!rule->multiline > 1)
		return yaml_err(ctx->tree, node, err,
				"rule '%s' has more than one of 'match', "
				"'connect' with 'login', 'logout' and "
				"'multiline'",
				rule->name);
	if (two && !(rule->connect && rule->login))
		return yaml_err(ctx->tree, node, err, "rule '%s' has no '%s'",
				rule->name,
				rule->connect ? "login" : "connect");
	return 0;
}

static int
set_expressions(const struct context *ctx, struct rule *rule,
		const struct yaml_node *node, struct err *err)
{
	const char *text;
	int role;

	for (role = 0; role < RULE_ROLES; role++) {
		if (get_string(ctx->tree, node, rule_roles()[role], &text,
			       err) < 0)
			return -1;
		if (text == NULL)
			continue;
		rule->expressions[role] = alloc_string(text);
		if (rule->lineno == 0)
			rule->lineno = yaml_get(node, rule_roles()[role])->line;
	}
	return check_kind(ctx, rule, node, err);
}

static int
set_cut(const struct context *ctx, struct rule *rule,
	const struct yaml_node *node, struct err *err)
{
	const char *text;
	int got = get_string(ctx->tree, node, "cut", &text, err);

	if (got <= 0)
		return got;
	if (text[strspn(text, "0123456789")] != '\0' || strlen(text) > 4 ||
	    atoi(text) == 0)
		return yaml_err(ctx->tree, yaml_get(node, "cut"), err,
				"'cut' must be a number of bytes from 1 to "
				"9999");
	rule->cut = (unsigned int)atoi(text);
	return 0;
}

static int
set_rule(const struct context *ctx, struct rule *rule,
	 const struct yaml_node *node, struct err *err)
{
	const struct yaml_node *program;
	const char *name;

	if (check_keys(ctx->tree, node, "rule", rule_keys, err) < 0 ||
	    need_string(ctx->tree, node, "name", "rule", &name, err) < 0 ||
	    check_name(ctx, name, yaml_get(node, "name"), err) < 0)
		return -1;
	rule->name = alloc_string(name);
	rule->server = alloc_string(ctx->server);
	rule->file = alloc_string(yaml_file(ctx->tree));
	rule->header = ctx->header;
	rule->warning = copy_or_null(ctx->warning);
	program = yaml_get(node, "program");
	if (program == NULL)
		program = ctx->program;
	if (set_expressions(ctx, rule, node, err) < 0 ||
	    get_header(ctx->tree, node, &rule->header, err) < 0 ||
	    set_programs(ctx, rule, program, node, err) < 0 ||
	    get_bool(ctx->tree, node, "optional", &rule->optional, err) < 0 ||
	    get_bool(ctx->tree, node, "line", &rule->whole_line, err) < 0 ||
	    get_checked(ctx, node, &rule->user_checked, err) < 0 ||
	    set_cut(ctx, rule, node, err) < 0 ||
	    set_samples(ctx, rule, &rule->accept, node, "accept", err) < 0 ||
	    set_samples(ctx, rule, &rule->reject, node, "reject", err) < 0)
		return -1;
	return 0;
}

static int
add_rules(struct context *ctx, const struct yaml_node *rules, struct err *err)
{
	struct rulefile *file = ctx->out;
	const struct yaml_node *node, *name;
	size_t i;

	file->all = rules->count;
	file->line = rules->line;
	if (rules->count > RULES_MAX)
		return 0;
	file->list = alloc_zero(rules->count, sizeof(*file->list));
	file->name_lines = alloc_zero(rules->count, sizeof(*file->name_lines));
	for (i = 0; i < rules->count; i++) {
		node = rules->items[i];
		name = yaml_get(node, "name");
		file->name_lines[i] = name != NULL ? name->line : 0;
		file->count++;
		if (set_rule(ctx, &file->list[i], node, err) < 0)
			return -1;
		if (ctx->bare)
			rule_forget_samples(&file->list[i]);
	}
	return 0;
}

static int
add_tree(struct rulefile *file, const struct yaml_tree *tree, bool bare,
	 struct err *err)
{
	struct context ctx = {.tree = tree, .out = file, .bare = bare};
	const struct yaml_node *root = yaml_root(tree), *rules;
	const char *versions;

	if (check_keys(tree, root, "pattern file", file_keys, err) < 0 ||
	    need_string(tree, root, "server", "pattern file", &ctx.server,
			err) < 0 ||
	    get_string(tree, root, "versions", &versions, err) < 0 ||
	    get_string(tree, root, "warning", &ctx.warning, err) < 0 ||
	    get_header(tree, root, &ctx.header, err) < 0)
		return -1;
	ctx.program = yaml_get(root, "program");
	rules = yaml_get(root, "rules");
	if (rules == NULL)
		return yaml_err(tree, root, err, "pattern file has no 'rules'");
	if (rules->kind != YAML_LIST)
		return yaml_err(tree, rules, err, "'rules' must be a list");
	return add_rules(&ctx, rules, err);
}

static struct yaml_tree *
load_bare(const char *path, struct err *err)
{
	struct yaml_tree *tree = NULL;
	size_t len;
	char *text = readfile(path, YAML_FILE_MAX, &len, err);

	if (text != NULL) {
		bare_text(text, &len);
		tree = yaml_parse(path, text, len, err);
	}
	free(text);
	return tree;
}

void
rulefile_read(struct rulefile *file, const char *path, bool bare)
{
	struct yaml_tree *tree =
	    bare ? load_bare(path, &file->err) : yaml_load(path, &file->err);

	file->failed =
	    tree == NULL || add_tree(file, tree, bare, &file->err) < 0;
	yaml_tree_free(&tree);
}
