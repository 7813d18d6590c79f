/* yamltree: the line of each node, and what a configuration must not
 * contain. */
#include "base/yamltree.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "tests/tap.h"

static struct yaml_tree *
parse(const char *text, struct err *err)
{
	err->text[0] = '\0';
	return yaml_parse("x.yaml", text, strlen(text), err);
}

static void
test_tree(void)
{
	static const char text[] =
	    "# a comment\n"
	    "server: Dovecot\n"
	    "program: [dovecot, 'imap-login']\n"
	    "rules:\n"
	    "  - name: login\n"
	    "    accept:\n"
	    "      - { line: \"a\\0b\", ip: 192.0.2.7 }\n"
	    "  - name: \"no\"\n"
	    "empty:\n";
	struct err err;
	struct yaml_tree *tree = parse(text, &err);
	const struct yaml_node *root, *node, *rule;

	if (!ok(tree != NULL, "a document is read"))
		return;
	root = yaml_root(tree);
	is_str(yaml_file(tree), "x.yaml", "and knows its file");
	is_int(root->kind, YAML_MAP, "its root is a map");
	is_int(root->count, 4, "of four");
	is_str(root->keys[3]->text, "empty", "in their order");
	is_str(yaml_get(root, "server")->text, "Dovecot", "a value is found");
	is_int(yaml_get(root, "server")->line, 2, "and its line");
	ok(yaml_get(root, "serve") == NULL,
	   "a missing key has no value");
	node = yaml_get(root, "program");
	is_int(node->kind, YAML_LIST, "a list is a list");
	is_int(node->count, 2, "of two");
	ok(node->items[0]->plain && !node->items[1]->plain,
	   "quotes are remembered");
	ok(yaml_get(node, "dovecot") == NULL, "a list has no keys");
	rule = yaml_get(root, "rules")->items[0];
	node = yaml_get(rule, "accept")->items[0];
	is_int(node->line, 7, "deep down too, the line is right");
	is_int(yaml_get(node, "line")->text_len, 3, "NUL bytes are kept");
	is_str(yaml_get(root, "empty")->text, "", "no value is an empty one");
	is_int(yaml_err(tree, node, &err, "no %s", "good"), -1,
	       "a message can be made");
	is_str(err.text, "x.yaml:7: no good", "with file and line");
	yaml_tree_free(&tree);
	ok(tree == NULL, "and all can be freed");
	tree = parse("\xef\xbb\xbf# Notepad\na: 1\nb: 2\n", &err);
	ok(tree != NULL && yaml_get(yaml_root(tree), "b")->line == 3,
	   "a byte order mark is no part of the file");
	yaml_tree_free(&tree);
}

static void
test_nothing(void)
{
	static const char *const texts[] = {
	    "", "\n", "# only\n", "---\n", "---\n...\n", "\xef\xbb\xbf"};
	struct err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct yaml_tree *tree = parse(texts[i], &err);

		ok(tree != NULL && yaml_root(tree)->kind == YAML_MAP &&
		       yaml_root(tree)->count == 0,
		   "nothing is an empty map (%zu)", i);
		yaml_tree_free(&tree);
	}
}

static const struct {
	const char *text, *message;
} refused[] = {
    {"a: 1\nb: 2\na: 3\n", "x.yaml:3: 'a' is already in line 1"},
    {"a: &x 1\nb: *x\n", "x.yaml:1: anchors and aliases are not allowed"},
    {"a: [1, *x]\n", "x.yaml:1: anchors and aliases are not allowed"},
    {"a: 1\nb: &x [1]\n", "x.yaml:2: anchors and aliases are not allowed"},
    {"a: !!str 1\n", "x.yaml:1: tags are not allowed"},
    {"a: 1\nb: !own {c: d}\n", "x.yaml:2: tags are not allowed"},
    {"a: 1\n---\nb: 2\n", "x.yaml:2: only one document is allowed"},
    {"a: 1\n? [b]\n: 2\n", "x.yaml:2: a key must be a plain word"},
    {"a: 1\n\"b\\0c\": 2\n", "x.yaml:2: a key must be a plain word"},
    /* The library's own words differ from one version to the next. */
    {"a: 1\nb: [1, 2\n", "x.yaml:3: *"},
    {"a: \"1\n", "x.yaml:2: *"},
    {"a: 1\n\tb: 2\n", "x.yaml:2: a tab; YAML is indented with spaces"},
    {"a:\n\tb: 2\n", "x.yaml:2: a tab; YAML is indented with spaces"},
    {"a:\n  b: 1\n \t c: 2", "x.yaml:3: a tab; YAML is indented with spaces"},
    {"a = 30m\n", "x.yaml:1: write `a: 30m', with a colon"},
    {"# first\na=1\nb=2\n", "x.yaml:2: write `a: 1', with a colon"},
    {"b: 1\na_b =  30m\nc: 1\n", "x.yaml:2: write `a_b: 30m', with a colon"},
    {"b: 1\na = 30m", "x.yaml:2: write `a: 30m', with a colon"},
    {"a: 1\nb: \"x\nc: 1\n", "x.yaml:4: * that begins in line 2)"},
    {"a: 1\nb: \xff\n", "x.yaml:2: *"},
};

static void
test_refused(void)
{
	struct err err;

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct yaml_tree *tree = parse(refused[i].text, &err);

		ok(tree == NULL, "refused (%zu)", i);
		ok(fnmatch(refused[i].message, err.text, 0) == 0,
		   "and said where and why: %s", err.text);
		yaml_tree_free(&tree);
	}
}

static void
test_depth(void)
{
	char text[256];
	struct err err;
	struct yaml_tree *tree;

	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	text[200] = '\0';
	tree = parse(text, &err);
	ok(tree == NULL, "a tower of brackets is refused");
	is_str(err.text, "x.yaml:1: nested too deeply", "as such");
	memmove(text, text + 80, 120);
	text[40] = '\0';
	memset(text, '[', 20);
	memset(text + 20, ']', 20);
	tree = parse(text, &err);
	ok(tree != NULL, "a few are not");
	yaml_tree_free(&tree);
}

static void
test_many(void)
{
	size_t room = 3 * 300000 + 8, len = 0;
	char *text = alloc_zero(room, 1);
	struct err err;
	struct yaml_tree *tree;

	for (int i = 0; i < 300000; i++)
		len += (size_t)sprintf(text + len, "- \n");
	tree = yaml_parse("x.yaml", text, len, &err);
	ok(tree == NULL, "so is a list without end");
	is_str(err.text, "x.yaml:200000: too many entries", "as such");
	free(text);
}

static void
test_files(void)
{
	char name[] = "/tmp/yamltree-XXXXXX", want[128];
	struct err err;
	struct yaml_tree *tree;
	int fd = mkstemp(name);

	ok(write(fd, "a: 1\n", 5) == 5, "a file");
	close(fd);
	tree = yaml_load(name, &err);
	ok(tree != NULL && yaml_get(yaml_root(tree), "a") != NULL,
	   "can be read");
	yaml_tree_free(&tree);
	unlink(name);
	ok(yaml_load(name, &err) == NULL, "unless it is gone");
	snprintf(want, sizeof(want), "%s: open: No such file or directory",
		 name);
	is_str(err.text, want, "which is reported");
	ok(yaml_load("/tmp", &err) == NULL,
	   "a directory is not a file of settings");
	is_str(err.text, "/tmp: read: Is a directory",
	       "which is reported, too");
}

int
main(void)
{
	test_tree();
	test_nothing();
	test_refused();
	test_depth();
	test_many();
	test_files();
	return tap_done();
}
