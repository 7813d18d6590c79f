/*
 * yamltree: parses a YAML document into a tree with line numbers.
 *
 * This is the only user of libyaml. Aliases, tags, duplicate keys and multiple
 * documents are errors, because configuration should say each thing once.
 */
#ifndef BASE_YAMLTREE_H
#define BASE_YAMLTREE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum { YAML_FILE_MAX = 8 * 1024 * 1024 };

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned int line;   /* from 1 */
	bool plain;	     /* scalar without quotes */
	char *text;	     /* scalar: its value, NUL-terminated; else NULL */
	size_t text_len;     /* a scalar may contain NUL bytes ("\0") */
	struct yaml_node **items; /* list: values; map: values */
	struct yaml_node **keys;  /* map: the key of each value (scalars) */
	size_t count;
};

struct yaml_tree;

/* NULL: err says "file:line: why". An empty file gives an empty map. */
struct yaml_tree *yaml_load(const char *file, struct err *);
struct yaml_tree *yaml_parse(const char *file, const char *text, size_t len,
    struct err *); /* file: for messages */
const struct yaml_node *yaml_root(const struct yaml_tree *);
const char *yaml_file(const struct yaml_tree *);
/* Not named yaml_free(): libyaml has a function of that name, and would call
 * ours instead. */
void yaml_tree_free(struct yaml_tree **);

/* The value of a key in a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Sets err to "file:line: fmt...". Returns -1. */
int yaml_err(const struct yaml_tree *, const struct yaml_node *, struct err *,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
