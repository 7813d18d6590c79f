/*
 * explain_print: what becomes of a line, step by step, and how it is shown.
 */
#ifndef TOOLS_EXPLAIN_EXPLAIN_PRINT_H
#define TOOLS_EXPLAIN_EXPLAIN_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"

struct ruleset;

enum verdict {
	VERDICT_HEADERLESS, /* no header that is known */
	VERDICT_UNKNOWN,    /* no rule knows the program */
	VERDICT_NOTHING,    /* no rule fits */
	VERDICT_DOUBTFUL,   /* one fits, but what it names is not trusted */
	VERDICT_UNDATED,    /* a login at a time that does not exist */
	VERDICT_OFF,	    /* a login by a rule that is optional, and off */
	VERDICT_PART,	    /* one line of a login in two */
	VERDICT_LOGOUT,
	VERDICT_REFUSED, /* a login from where none is granted */
	VERDICT_GRANTED
};

/* Everything is borrowed but the attempts. */
struct explanation {
	unsigned long number; /* of the line */
	const char *text;     /* the line */
	size_t len;
	time_t now;
	const struct ruleset *rules;
	struct logline line; /* not if VERDICT_HEADERLESS */
	bool dated;
	time_t when;
	struct attempt *attempts;
	size_t nattempts;
	enum verdict verdict;
	struct match match; /* from VERDICT_OFF on */
	char why[640];	    /* refused, doubtful; or a word of caution */
	uint32_t grace;
	time_t until; /* granted */
	/* Unknown: the known program that is named nearly so, or NULL, and
	 * the rule of another one that fits the text. */
	const char *near;
	const struct rule *elsewhere;
};

const char *verdict_name(enum verdict); /* one word, for programs */

void explain_print(const struct explanation *); /* for a person */
void explain_print_json(const struct explanation *);

#endif
