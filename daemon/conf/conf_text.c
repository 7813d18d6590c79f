#include "daemon/conf/conf_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "base/yamltree.h"
#include "daemon/conf/conf.h"
#include "maps/textform.h"

enum { FORMS_MAX = 64 };

static const struct key {
	const char *name;
	size_t offset;
	bool is_line;
} keys[] = {
    {"name", offsetof(struct textform, name), false},
    {"header", offsetof(struct textform, header), false},
    {"line", offsetof(struct textform, line), true},
    {"line6", offsetof(struct textform, line6), true},
    {"footer", offsetof(struct textform, footer), false},
};

enum { NKEYS = sizeof(keys) / sizeof(keys[0]) };

static char **
slot(struct textform *form, const struct key *key)
{
	return (char **)((char *)form + key->offset);
}

static const char *
suggest_key(const char *name)
{
	const char *names[NKEYS + 1];

	for (size_t i = 0; i < NKEYS; i++)
		names[i] = keys[i].name;
	names[NKEYS] = NULL;
	return suggest(name, names);
}

static const struct key *
find_key(const struct yaml_tree *tree, const struct yaml_node *node,
	 struct err *err)
{
	const char *near;

	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].name, node->text) == 0)
			return &keys[i];
	near = suggest_key(node->text);
	yaml_err(tree, node, err,
		 near ? "text: unknown key '%s' (did you mean '%s'?)"
		      : "text: unknown key '%s'%s",
		 node->text, near ? near : "");
	return NULL;
}

/* Only a header or a footer may have more than one line. */
static bool
is_printable(const char *text, bool lines)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t' &&
		    !(lines && *text == '\n'))
			return false;
	return true;
}

static int
check_value(const struct yaml_tree *tree, const struct key *key,
	    const struct yaml_node *value, struct err *err)
{
	struct err why;

	if (value->kind != YAML_SCALAR)
		return yaml_err(tree, value, err, "text: %s: takes one value",
				key->name);
	if (strlen(value->text) != value->text_len ||
	    !is_printable(value->text, !key->is_line))
		return yaml_err(tree, value, err,
				"text: %s: holds control characters",
				key->name);
	if (key->is_line && textform_check(value->text, &why) < 0)
		return yaml_err(tree, value, err, "text: %s: %s", key->name,
				why.text);
	return 0;
}

/* Without line6, line is for both families. */
static bool
prints_nobody(const struct textform *form)
{
	return form->line != NULL && form->line[0] == '\0' &&
	       (form->line6 == NULL || form->line6[0] == '\0');
}

static int
read_form(struct textform *form, const struct yaml_tree *tree,
	  const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_MAP)
		return yaml_err(tree, node, err,
				"text: takes name, header, line, line6 "
				"and footer, or a list of these");
	for (size_t i = 0; i < node->count; i++) {
		const struct key *key = find_key(tree, node->keys[i], err);

		if (key == NULL ||
		    check_value(tree, key, node->items[i], err) < 0)
			return -1;
		*slot(form, key) = alloc_string(node->items[i]->text);
	}
	if (form->name == NULL || form->name[0] != '/')
		return yaml_err(tree, node, err,
				"text: needs the name of a text: map as in "
				"dbfile, without text:");
	if (prints_nobody(form))
		return yaml_err(tree, node, err,
				"text: %s: line and line6 are empty, so nobody "
				"would be in the file; an empty one leaves out "
				"the addresses of one family",
				form->name);
	return 0;
}

static int
add_form(struct conf *conf, const struct yaml_tree *tree,
	 const struct yaml_node *node, struct err *err)
{
	struct textform *form;

	if (conf->ntextforms == FORMS_MAX)
		return yaml_err(tree, node, err, "text: more than %d",
				FORMS_MAX);
	conf->textforms = alloc_resize(conf->textforms, conf->ntextforms + 1,
				       sizeof(*conf->textforms));
	form = &conf->textforms[conf->ntextforms++];
	*form = (struct textform){0};
	if (read_form(form, tree, node, err) < 0)
		return -1;
	for (size_t i = 0; i + 1 < conf->ntextforms; i++)
		if (strcmp(conf->textforms[i].name, form->name) == 0)
			return yaml_err(tree, node, err, "text: %s: twice",
					form->name);
	return 0;
}

int
conf_text_read(struct conf *conf, const struct yaml_tree *tree,
	       const struct yaml_node *value, struct err *err)
{
	if (value->kind != YAML_LIST)
		return add_form(conf, tree, value, err);
	for (size_t i = 0; i < value->count; i++)
		if (add_form(conf, tree, value->items[i], err) < 0)
			return -1;
	return 0;
}

void
conf_text_clear(struct conf *conf)
{
	for (size_t i = 0; i < conf->ntextforms; i++)
		for (size_t k = 0; k < NKEYS; k++)
			free(*slot(&conf->textforms[i], &keys[k]));
	free(conf->textforms);
	conf->textforms = NULL;
	conf->ntextforms = 0;
}

/* In double quotes, where \n can be written. */
static void
print_quoted(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if (*text == '\n')
			fputs("\\n", stdout);
		else if (*text == '\t')
			fputs("\\t", stdout);
		else
			putchar(*text);
	}
	puts("\"");
}

void
conf_text_dump(const struct conf *conf)
{
	puts(conf->ntextforms == 0 ? "text: []" : "text:");
	for (size_t i = 0; i < conf->ntextforms; i++)
		for (size_t k = 0; k < NKEYS; k++) {
			const char *text = *slot(&conf->textforms[i], &keys[k]);

			if (text == NULL)
				continue;
			printf("  %c %s: ", k == 0 ? '-' : ' ', keys[k].name);
			print_quoted(text);
		}
}

const char *
conf_text_unused(const struct conf *conf)
{
	for (size_t i = 0; i < conf->ntextforms; i++) {
		const char *name = conf->textforms[i].name;
		size_t m = 0;

		while (m < conf->maps.count &&
		       (strncmp(conf->maps.list[m], "text:", 5) != 0 ||
			strcmp(conf->maps.list[m] + 5, name) != 0))
			m++;
		if (m == conf->maps.count)
			return name;
	}
	return NULL;
}
