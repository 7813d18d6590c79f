/*
 * globexpr: patterns of other mail systems as regular expressions that
 * regexp_table(5) and pcre_table(5) read alike.
 *
 * The two engines agree on an ordinary character, on a special one after a
 * backslash, on groups and alternatives, and on bracket expressions without a
 * backslash, a slash or `[:'. Nothing else is used. Postfix takes the text
 * between two delimiters as the expression; here these are slashes.
 *
 * Text must be printable ASCII (globexpr_plain()): a control character could
 * begin a new line of the table, and PCRE takes other bytes as UTF-8.
 */
#ifndef TOOLS_POSTFIX_GLOBEXPR_H
#define TOOLS_POSTFIX_GLOBEXPR_H

#include <stdbool.h>
#include <stdio.h>

/* Printable ASCII, with at most 512 characters and 16 stars: more of them take
 * PCRE too many steps, and then Postfix skips the rule. */
bool globexpr_plain(const char *text);

/* Writes text that matches itself. */
void globexpr_literal(FILE *, const char *text);

/* Writes a pattern in which only `*' is special. star: what it becomes, such as
 * ".*". */
void globexpr_stars(FILE *, const char *pattern, const char *star);

/*
 * Writes a pattern with `*', `?', sets such as [a-z] and [^a-z], and `\' before
 * a character that is not special. star and any: what `*' and `?' become, such
 * as ".*" and ".". 0, or -1: it can match nothing, as a set in it has no end or
 * no members; nothing useful was written.
 */
int globexpr_wild(FILE *, const char *pattern, const char *star,
		  const char *any);

#endif
