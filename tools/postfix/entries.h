/*
 * entries: what a table of cidr_table(5), regexp_table(5) or texthash lists, to
 * see how much of it a new version leaves out.
 */
#ifndef TOOLS_POSTFIX_ENTRIES_H
#define TOOLS_POSTFIX_ENTRIES_H

struct string_set;

/* Adds the lines of a text but for comments. Each alternative of an expression
 * is an entry, and what follows an `if' is one together with it. */
void entries_add(struct string_set *, const char *text);

#endif
