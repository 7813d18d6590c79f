/*
 * conf_text: the key `text:', the form of text: maps. There is no flag for it,
 * because a form has several lines.
 */
#ifndef DAEMON_CONF_CONF_TEXT_H
#define DAEMON_CONF_CONF_TEXT_H

struct conf;
struct err;
struct yaml_node;
struct yaml_tree;

/* Adds one form, or a list of them, to conf. 0; -1: err says "file:line: why".
 */
int conf_text_read(struct conf *, const struct yaml_tree *,
		   const struct yaml_node *, struct err *);
void conf_text_clear(struct conf *);
void conf_text_dump(const struct conf *); /* as YAML to standard output */

/* The name of a form that no map uses, or NULL. */
const char *conf_text_unused(const struct conf *);

#endif
