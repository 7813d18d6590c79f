/*
 * rules: the pattern files, read and validated whole, then const.
 *
 * A pattern file describes one server: its programs (syslog tags), its rules,
 * and for each rule real lines that it must accept or reject. The format is
 * pop-before-smtp.patterns(5).
 */
#ifndef PATTERNS_RULES_H
#define PATTERNS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns/logline.h"

struct err;

struct sample {
	char *line;	   /* the whole log line */
	char *ip, *user;   /* accept: what must come out; user may be NULL */
	char *why;	   /* reject: why it must not match */
	unsigned int lineno; /* in the pattern file */
};

struct samples {
	struct sample *list;
	size_t count;
};

struct rule {
	char *name;	 /* unique over all files */
	char *server;	 /* as the file says, for people */
	char *file;	 /* where it stands */
	unsigned int lineno;
	char **programs; /* NULL-terminated; a rule's own, else the file's */
	enum header header;
	char *match;	 /* PCRE2, anchored at both ends of the text */
	bool optional;	 /* off until the configuration names it */
	bool whole_line; /* `line: true` */
	struct samples accept, reject;
};

struct ruleset {
	struct rule *list;
	size_t count;
};

/*
 * Reads *.yaml of each directory in turn; a file of the same name in a later
 * directory replaces the earlier one. A directory that does not exist is an
 * error; so is one without a single rule in all. NULL: err says
 * "file:line: what, and the nearest known key".
 */
struct ruleset *ruleset_load(const char *const *dirs, size_t ndirs,
    struct err *);
void ruleset_free(struct ruleset **);

#endif
