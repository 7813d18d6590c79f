/*
 * rules: the pattern files, read and validated whole, then const.
 *
 * A pattern file describes one server: its programs (syslog tags), its rules,
 * and for each rule some real lines that it must accept or reject. The format
 * is described in pop-before-smtp.patterns(5).
 */
#ifndef PATTERNS_MATCH_RULES_H
#define PATTERNS_MATCH_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns/line/logline.h"

struct err;

struct sample {
	char **lines;	/* whole log lines, in their order */
	size_t nlines;	/* 1 or more */
	char *line;	/* the last line; most samples have only this one */
	/* Of an accept sample: what the rule must capture. NULL: anything. Only
	 * a logout rule may have no ip. */
	char *ip, *user, *session;
	char *why;	/* of a reject sample: why it must not match */
	bool user_checked; /* of a reject sample: it is a login of a user that
			    * the server knows, and not a refused one */
	unsigned int lineno; /* in the pattern file */
};

struct samples {
	struct sample *list;
	size_t count;
};

/*
 * What an expression matches. A rule has either RULE_MATCH, a login in one
 * line; or RULE_CONNECT and RULE_LOGIN, a login in two lines, and perhaps
 * RULE_END, after which no login can follow; or RULE_LOGOUT, the end of a
 * session; or RULE_MULTILINE, the first line of a message in which a stranger's
 * newline has begun another one.
 */
enum rule_role {
	RULE_MATCH, RULE_CONNECT, RULE_LOGIN, RULE_END, RULE_LOGOUT,
	RULE_MULTILINE, RULE_ROLES
};

struct rule {
	char *name;	 /* unique over all files */
	char *server;	 /* the file's, for people */
	char *file;	 /* where the rule is defined */
	unsigned int lineno;
	/* NULL-terminated: the rule's own, else the file's. A "*" before the
	 * only slash means any text there. */
	char **programs;
	enum header header;
	/* PCRE2, anchored at both ends of the text. NULL: not in this rule. */
	union {
		char *expressions[RULE_ROLES];
		struct {
			char *match, *connect, *login, *end, *logout, *multiline;
		};
	};
	bool optional;	 /* off until the configuration names it */
	bool whole_line; /* `line: true` */
	/* `checked: user`: the server itself refuses all user names that the
	 * expression does not match, so forgeries need not try them. */
	bool user_checked;
	/* `cut: BYTES`: the server writes no more of a user name. 0: no limit
	 * is known. */
	unsigned int cut;
	/* The file's warning to those who use its rules, or NULL. */
	char *warning;
	struct samples accept, reject;
};

struct ruleset {
	struct rule *list;
	size_t count;
};

/*
 * Reads *.yaml of each directory in turn; a file replaces one of the same name
 * in an earlier directory. A missing directory is an error, and so is a ruleset
 * without rules. NULL: err is "file:line: what, and the nearest known key".
 */
struct ruleset *ruleset_load(const char *const *dirs, size_t ndirs,
    struct err *);
/* The same, but the rules have no samples: for those who only match lines, and
 * keep the rules for long. An error in a sample may pass unnoticed. */
struct ruleset *ruleset_load_bare(const char *const *dirs, size_t ndirs,
    struct err *);
void ruleset_free(struct ruleset **);

/* Whether a program begins with "*"; its slash is the next byte. */
static inline bool
rule_any_prefix(const char *program)
{
	return program[0] == '*';
}

/* Whether a name matches an infix, written as "cyrus/", a star, "imap", a star:
 * it begins with what precedes the first star, and the word between the stars
 * comes later in it. */
bool rule_fits_infix(const char *infix, const char *name, size_t len);

/* Frees the samples of a rule; afterwards it has none. */
void rule_forget_samples(struct rule *);

/* Whether the rule applies to lines of this program. */
bool rule_knows_program(const struct rule *, const char *name, size_t len);

/* The key of each role, "match", "connect" ..., indexed by role and
 * NULL-terminated. */
const char *const *rule_roles(void);

#endif
