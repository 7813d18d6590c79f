/*
 * rules: the pattern files, read and validated whole, then const.
 *
 * A pattern file describes one server: its programs (syslog tags), its rules,
 * and for each rule real lines that it must accept or reject. The format is
 * pop-before-smtp.patterns(5).
 */
#ifndef PATTERNS_MATCH_RULES_H
#define PATTERNS_MATCH_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns/line/logline.h"

struct err;

struct sample {
	char **lines;	/* whole log lines, as they follow each other */
	size_t nlines;	/* 1 or more */
	char *line;	/* the last of them, as most samples have but one */
	/* accept: what must come out. user may be NULL, and the others of a
	 * logout rule; session is only asked for if it is there. */
	char *ip, *user, *session;
	char *why;	/* reject: why it must not match */
	unsigned int lineno; /* in the pattern file */
};

struct samples {
	struct sample *list;
	size_t count;
};

/*
 * What an expression is for. A rule has either RULE_MATCH, a login in one
 * line; or RULE_CONNECT and RULE_LOGIN, a login in two, and perhaps RULE_END,
 * after which no login can come; or RULE_LOGOUT, the end of a session.
 */
enum rule_role {
	RULE_MATCH, RULE_CONNECT, RULE_LOGIN, RULE_END, RULE_LOGOUT, RULE_ROLES
};

struct rule {
	char *name;	 /* unique over all files */
	char *server;	 /* as the file says, for people */
	char *file;	 /* where it stands */
	unsigned int lineno;
	/* NULL-terminated; a rule's own, else the file's. "*" and a slash first:
	 * whatever stands before the slash. */
	char **programs;
	enum header header;
	/* PCRE2, anchored at both ends of the text. NULL: it has none. */
	union {
		char *expressions[RULE_ROLES];
		struct {
			char *match, *connect, *login, *end, *logout;
		};
	};
	bool optional;	 /* off until the configuration names it */
	bool whole_line; /* `line: true` */
	/* `checked: user`: the server itself lets no other user log in than
	 * the expression lets through. Forgeries keep to it. */
	bool user_checked;
	/* The file's: what whoever uses it must know. May be NULL. */
	char *warning;
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

/* Whether a program is written with "*" first; the slash is the next byte. */
static inline bool
rule_any_prefix(const char *program)
{
	return program[0] == '*';
}

/* Whether the rule is for lines of this program. */
bool rule_knows_program(const struct rule *, const char *name, size_t len);

/* "match", "connect" ...: the key of each role; NULL-terminated. */
const char *const *rule_roles(void);

#endif
