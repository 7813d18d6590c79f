/*
 * patterns: the two kinds of pattern in a netperm-table, as expressions that
 * regexp_table(5) and pcre_table(5) read alike.
 */
#ifndef TOOLS_SMAP_PATTERNS_H
#define TOOLS_SMAP_PATTERNS_H

#include <stdbool.h>

/* Digits, dots and stars: it is compared with a client's address, any other
 * pattern with its name (hostmatch() of the FWTK). */
bool pattern_is_numeric(const char *pattern);

/*
 * The key of a rule, to be freed: "/", what the expression begins with, the
 * pattern and "$/". star: what `*' becomes, such as ".*". NULL: the pattern
 * cannot be written; *why is a static text.
 */
char *pattern_key(const char *begin, const char *pattern, const char *star,
		  const char **why);

/* The key of another syntax: "*x" is any text that contains x, anything else is
 * that text. */
char *pattern_substring_key(const char *pattern, const char **why);

#endif
