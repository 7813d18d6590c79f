/*
 * explain_print: prints what becomes of a log line, step by step.
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
	VERDICT_HEADERLESS, /* the header is of no known form */
	VERDICT_PARTIAL,    /* a part of a line, of an envelope */
	VERDICT_EMPTY,	    /* an envelope without a line */
	VERDICT_UNKNOWN,    /* no rule knows the program */
	VERDICT_NOTHING,    /* no rule matches */
	VERDICT_DOUBTFUL,   /* a rule matches, but the line is not trusted */
	VERDICT_UNDATED,    /* a login with an invalid time */
	VERDICT_OFF,	    /* a login by an optional rule not enabled */
	VERDICT_PART,	    /* one line of a login that takes two */
	VERDICT_LOGOUT,
	VERDICT_REFUSED, /* a login from an excluded address */
	VERDICT_GRANTED
};

/* All pointers but attempts are borrowed. */
struct explanation {
	unsigned long number; /* of the line */
	const char *text;     /* the line */
	size_t len;
	time_t now;
	const struct ruleset *rules;
	struct logline line; /* from VERDICT_UNKNOWN on */
	bool dated;	     /* when is set */
	time_t when;
	struct attempt *attempts;
	size_t nattempts;
	enum verdict verdict;
	struct match match; /* from VERDICT_OFF on */
	char why[640];	    /* refused, doubtful; or a caution if granted */
	uint32_t grace;
	time_t until; /* granted */
	/* VERDICT_UNKNOWN: a known program with a similar name, and a rule of
	 * another program that matches the text; or NULL. */
	const char *near;
	const struct rule *elsewhere;
};

void explain_print(const struct explanation *); /* as text */
void explain_print_json(const struct explanation *);

#endif
