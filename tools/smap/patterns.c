#include "tools/smap/patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/postfix/globexpr.h"

static const char unfit[] = "not printable ASCII, too long, or too many `*'";

bool
pattern_is_numeric(const char *pattern)
{
	return *pattern != '\0' &&
	       pattern[strspn(pattern, "0123456789.*")] == '\0';
}

char *
pattern_key(const char *begin, const char *pattern, const char *star,
	    const char **why)
{
	char *key = NULL;
	size_t len;
	FILE *out;

	if (!globexpr_plain(pattern)) {
		*why = unfit;
		return NULL;
	}
	out = open_memstream(&key, &len);
	fprintf(out, "/%s", begin);
	globexpr_stars(out, pattern, star);
	fputs("$/", out);
	fclose(out);
	return key;
}

char *
pattern_substring_key(const char *pattern, const char **why)
{
	bool part = pattern[0] == '*';
	char *key = NULL;
	size_t len;
	FILE *out;

	if (!globexpr_plain(pattern)) {
		*why = unfit;
		return NULL;
	}
	out = open_memstream(&key, &len);
	fputs(part && pattern[1] != '\0' ? "/" : "/^", out);
	globexpr_literal(out, pattern + part);
	fputs(part ? "/" : "$/", out);
	fclose(out);
	return key;
}
