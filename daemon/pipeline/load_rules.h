/*
 * load_rules: the patterns that the configuration names.
 */
#ifndef DAEMON_PIPELINE_LOAD_RULES_H
#define DAEMON_PIPELINE_LOAD_RULES_H

struct conf;
struct err;
struct ruleset;

/* Loads them, if nobody else may have written them, and sees that every rule that
 * is enabled is there. NULL: err names file and line, of the configuration or of a
 * pattern file. */
struct ruleset *load_rules(const struct conf *, struct err *);

#endif
