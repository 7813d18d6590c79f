#include "base/yamltree.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"

/* Far more than any configuration needs, and little enough for any machine and
 * its stack. */
enum { DEPTH_MAX = 32, NODES_MAX = 200 * 1000 };

/* Some editors begin a file with it. libyaml skips it only if it may find out the
 * encoding by itself. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* In the name of a key. */
#define NAME_BYTES                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* A file has thousands of nodes, which are made and freed together, so they and
 * their texts come from a few blocks. */
enum { BLOCK = 16 * 1024 };

struct block {
	struct block *older;
	alignas(max_align_t) char bytes[];
};

struct yaml_tree {
	char *file;
	struct yaml_node *root;
	struct block *blocks;
	char *free; /* in the newest block */
	size_t room;
};

struct builder {
	struct yaml_tree *tree;
	const char *text;
	size_t len;
	yaml_parser_t parser;
	size_t nodes;
	/* Of the collections that have not ended: their items. In a map, a key
	 * and its value in turn. */
	struct yaml_node **waiting;
	size_t nwaiting;
	struct err *err;
};

/* ---- nodes ---- */

/* What is left of the block before is given up. */
static void
add_block(struct yaml_tree *tree, size_t room)
{
	struct block *block = alloc_resize(NULL, sizeof(*block) + room, 1);

	block->older = tree->blocks;
	tree->blocks = block;
	tree->free = block->bytes;
	tree->room = room;
}

/* Memory that lives as long as the tree; not cleared. */
static void *
take(struct yaml_tree *tree, size_t size)
{
	void *bytes;

	size = (size + alignof(max_align_t) - 1) & -alignof(max_align_t);
	if (size > tree->room)
		add_block(tree, size > BLOCK ? size : BLOCK);
	bytes = tree->free;
	tree->free += size;
	tree->room -= size;
	return bytes;
}

static struct yaml_node *
node_new(struct yaml_tree *tree, enum yaml_kind kind, size_t line)
{
	struct yaml_node *node = take(tree, sizeof(*node));

	*node = (struct yaml_node){.kind = kind, .line = (unsigned int)line};
	return node;
}

/* The room doubles whenever the count is a power of two. */
static void
push(struct builder *b, struct yaml_node *item)
{
	size_t count = b->nwaiting, room = count ? count * 2 : 1;

	if ((count & (count - 1)) == 0)
		b->waiting =
		    alloc_resize(b->waiting, room, sizeof(struct yaml_node *));
	b->waiting[b->nwaiting++] = item;
}

/* The collection has ended: its items are those that wait since there were
 * `from'. */
static void
take_items(struct builder *b, struct yaml_node *node, size_t from)
{
	size_t each = node->kind == YAML_MAP ? 2 : 1;
	struct yaml_node **waiting = b->waiting + from;

	node->count = (b->nwaiting - from) / each;
	node->items =
	    take(b->tree, node->count * each * sizeof(struct yaml_node *));
	if (each == 2)
		node->keys = node->items + node->count;
	for (size_t i = 0; i < node->count; i++) {
		if (each == 2)
			node->keys[i] = *waiting++;
		node->items[i] = *waiting++;
	}
	b->nwaiting = from;
}

/* ---- events to nodes ---- */

static int
fail_at(struct builder *b, size_t line, const char *why)
{
	return err_set(b->err, "%s:%zu: %s", b->tree->file, line, why);
}

/* A bad byte is found by libyaml's reader, which only knows its offset. */
static size_t
line_of_error(const struct builder *b)
{
	size_t line = 0;

	if (b->parser.error != YAML_READER_ERROR)
		return b->parser.problem_mark.line + 1;
	for (size_t i = 0; i < b->len && i < b->parser.problem_offset; i++)
		line += b->text[i] == '\n';
	return line + 1;
}

/* The line of this number, without its newline; empty after the last one. */
static const char *
find_line(const struct builder *b, size_t number, size_t *len)
{
	const char *line = b->text, *end = b->text + b->len, *newline;

	for (;; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (--number == 0 || newline == NULL)
			break;
	}
	if (number > 0)
		line = end;
	*len = (size_t)((newline != NULL ? newline : end) - line);
	return line;
}

/* Two mistakes that libyaml does not name: a tab before the first word, and
 * "name = value". -1 and the message, or 0. */
static int
refuse_mistake(struct builder *b, size_t number)
{
	size_t len, blank, name;
	const char *line = find_line(b, number, &len), *value;

	for (blank = 0; blank < len && strchr(" \t", line[blank]); blank++)
		if (line[blank] == '\t')
			return fail_at(b, number,
				       "a tab; YAML is indented with spaces");
	line += blank;
	len -= blank;
	for (name = 0; name < len && strchr(NAME_BYTES, line[name]);)
		name++;
	for (value = line + name; value < line + len && *value == ' ';)
		value++;
	if (name == 0 || value == line + len || *value++ != '=')
		return 0;
	while (value < line + len && *value == ' ')
		value++;
	return err_set(b->err, "%s:%zu: write `%.*s: %.*s', with a colon",
		       b->tree->file, number, (int)name, line,
		       (int)(line + len - value), value);
}

/* What began in an earlier line, such as a quoted text that never ends. */
static int
fail_in_context(struct builder *b, size_t line)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem ? p->problem : "not YAML";

	if (p->context == NULL || p->context_mark.line + 1 >= line)
		return fail_at(b, line, problem);
	return err_set(b->err, "%s:%zu: %s (%s that begins in line %zu)",
		       b->tree->file, line, problem, p->context,
		       p->context_mark.line + 1);
}

/* Reads the next event, which the caller deletes. 0, or -1. */
static int
next_event(struct builder *b, yaml_event_t *event)
{
	size_t line;

	if (yaml_parser_parse(&b->parser, event))
		return 0;
	line = line_of_error(b);
	if (refuse_mistake(b, line) < 0 ||
	    (b->parser.context != NULL &&
	     refuse_mistake(b, b->parser.context_mark.line + 1) < 0))
		return -1;
	return fail_in_context(b, line);
}

/* Configuration does not need aliases and tags; they only make it harder to
 * read. Returns why the event is refused, or NULL. */
static const char *
refuse(const yaml_event_t *event)
{
	static const char anchor[] = "anchors and aliases are not allowed";
	static const char tag[] = "tags are not allowed";

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return anchor;
	case YAML_SCALAR_EVENT:
		if (event->data.scalar.anchor != NULL)
			return anchor;
		return event->data.scalar.tag != NULL ? tag : NULL;
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor != NULL)
			return anchor;
		return event->data.sequence_start.tag != NULL ? tag : NULL;
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor != NULL)
			return anchor;
		return event->data.mapping_start.tag != NULL ? tag : NULL;
	default:
		return NULL;
	}
}

static struct yaml_node *build_node(struct builder *, const yaml_event_t *,
				    unsigned int depth);

static struct yaml_node *
build_scalar(struct builder *b, const yaml_event_t *event)
{
	size_t len = event->data.scalar.length;
	struct yaml_node *node =
	    node_new(b->tree, YAML_SCALAR, event->start_mark.line + 1);

	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text_len = len;
	node->text = take(b->tree, len + 1);
	memcpy(node->text, event->data.scalar.value, len);
	node->text[len] = '\0';
	return node;
}

/* Reads the next node of a collection: 1 and *node, 0 = the collection ends, or
 * -1. */
static int
build_next(struct builder *b, yaml_event_type_t end, unsigned int depth,
	   struct yaml_node **node)
{
	yaml_event_t event;
	int result = 0;

	if (next_event(b, &event) < 0)
		return -1;
	if (event.type != end) {
		*node = build_node(b, &event, depth);
		result = *node != NULL ? 1 : -1;
	}
	yaml_event_delete(&event);
	return result;
}

/* The keys of its map wait since there were `from'. */
static int
check_key(struct builder *b, size_t from, const struct yaml_node *key)
{
	const struct yaml_node *other;
	size_t line = key->line;

	if (key->kind != YAML_SCALAR || strlen(key->text) != key->text_len)
		return fail_at(b, line, "a key must be a plain word");
	for (; from < b->nwaiting; from += 2) {
		other = b->waiting[from];
		if (strcmp(other->text, key->text) == 0)
			return err_set(
			    b->err, "%s:%zu: '%s' is already in line %u",
			    b->tree->file, line, key->text, other->line);
	}
	return 0;
}

static int
build_list(struct builder *b, struct yaml_node *list, unsigned int depth)
{
	struct yaml_node *item;
	size_t from = b->nwaiting;
	int more;

	while ((more = build_next(b, YAML_SEQUENCE_END_EVENT, depth, &item)) >
	       0)
		push(b, item);
	if (more == 0)
		take_items(b, list, from);
	return more;
}

static int
build_map(struct builder *b, struct yaml_node *map, unsigned int depth)
{
	struct yaml_node *key, *value;
	size_t from = b->nwaiting;
	int more;

	while ((more = build_next(b, YAML_MAPPING_END_EVENT, depth, &key)) >
	       0) {
		if (check_key(b, from, key) < 0)
			return -1;
		push(b, key);
		if (build_next(b, YAML_NO_EVENT, depth, &value) < 0)
			return -1;
		push(b, value);
	}
	if (more == 0)
		take_items(b, map, from);
	return more;
}

/* Builds the whole node that begins with event. NULL: err says why. */
static struct yaml_node *
build_node(struct builder *b, const yaml_event_t *event, unsigned int depth)
{
	size_t line = event->start_mark.line + 1;
	const char *why = refuse(event);
	struct yaml_node *node;
	int result;

	if (why == NULL && depth >= DEPTH_MAX)
		why = "nested too deeply";
	if (why == NULL && ++b->nodes > NODES_MAX)
		why = "too many entries";
	if (why != NULL) {
		fail_at(b, line, why);
		return NULL;
	}
	switch (event->type) {
	case YAML_SEQUENCE_START_EVENT:
		node = node_new(b->tree, YAML_LIST, line);
		result = build_list(b, node, depth + 1);
		break;
	case YAML_MAPPING_START_EVENT:
		node = node_new(b->tree, YAML_MAP, line);
		result = build_map(b, node, depth + 1);
		break;
	default:
		assert(event->type == YAML_SCALAR_EVENT);
		return build_scalar(b, event);
	}
	return result < 0 ? NULL : node;
}

/* ---- documents ---- */

/* Skips all events up to the start of a document (1) or the end of the stream
 * (0). -1: an error. */
static int
next_document(struct builder *b, size_t *line)
{
	yaml_event_t event;
	yaml_event_type_t type;

	do {
		if (next_event(b, &event) < 0)
			return -1;
		type = event.type;
		*line = event.start_mark.line + 1;
		yaml_event_delete(&event);
	} while (type != YAML_DOCUMENT_START_EVENT &&
		 type != YAML_STREAM_END_EVENT);
	return type == YAML_DOCUMENT_START_EVENT;
}

/* The document has only comments, or a bare "---". */
static bool
is_nothing(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain && node->text_len == 0;
}

static int
build_stream(struct builder *b)
{
	struct yaml_node **root = &b->tree->root;
	size_t line;
	int more = next_document(b, &line);

	if (more < 0)
		return -1;
	if (more > 0) {
		if (build_next(b, YAML_NO_EVENT, 0, root) < 0)
			return -1;
		more = next_document(b, &line);
		if (more < 0)
			return -1;
		if (more > 0)
			return fail_at(b, line, "only one document is allowed");
		if ((*root)->kind == YAML_SCALAR &&
		    refuse_mistake(b, (*root)->line) < 0)
			return -1;
	}
	if (*root == NULL || is_nothing(*root))
		*root = node_new(b->tree, YAML_MAP, 1);
	return 0;
}

struct yaml_tree *
yaml_parse(const char *file, const char *text, size_t len, struct err *err)
{
	struct yaml_tree *tree = alloc_zero(1, sizeof(*tree));
	struct builder b = {.tree = tree, .err = err};

	if (len >= strlen(BYTE_ORDER_MARK) &&
	    memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		text += strlen(BYTE_ORDER_MARK);
		len -= strlen(BYTE_ORDER_MARK);
	}
	b.text = text;
	b.len = len;
	tree->file = alloc_string(file);
	if (!yaml_parser_initialize(&b.parser)) {
		fail_at(&b, 1, "out of memory");
		yaml_tree_free(&tree);
		return NULL;
	}
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text,
				     len);
	if (build_stream(&b) < 0)
		yaml_tree_free(&tree);
	yaml_parser_delete(&b.parser);
	free(b.waiting);
	return tree;
}

struct yaml_tree *
yaml_load(const char *file, struct err *err)
{
	struct yaml_tree *tree = NULL;
	size_t len;
	char *text = readfile(file, YAML_FILE_MAX, &len, err);

	if (text != NULL)
		tree = yaml_parse(file, text, len, err);
	free(text);
	return tree;
}

const struct yaml_node *
yaml_root(const struct yaml_tree *tree)
{
	return tree->root;
}

const char *
yaml_file(const struct yaml_tree *tree)
{
	return tree->file;
}

void
yaml_tree_free(struct yaml_tree **tree)
{
	struct block *block, *older;

	if (*tree == NULL)
		return;
	for (block = (*tree)->blocks; block != NULL; block = older) {
		older = block->older;
		free(block);
	}
	free((*tree)->file);
	free(*tree);
	*tree = NULL;
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	if (map->kind != YAML_MAP)
		return NULL;
	/* Hardly any two keys begin alike. */
	for (size_t i = 0; i < map->count; i++)
		if (map->keys[i]->text[0] == key[0] &&
		    strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

int
yaml_err(const struct yaml_tree *tree, const struct yaml_node *node,
	 struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return err_prefix(err, "%s:%u", tree->file, node->line);
}
