/*
 * load_rules: the patterns that the configuration names.
 */
#ifndef DAEMON_PIPELINE_LOAD_RULES_H
#define DAEMON_PIPELINE_LOAD_RULES_H

#include <stdbool.h>

struct conf;
struct err;
struct ruleset;

/*
 * Loads them. Refuses files that somebody else could have written, and an
 * `enable:' that names no rule. NULL: err names the file and line, of the
 * configuration or of a pattern file. bare: the rules have no samples.
 */
struct ruleset *load_rules(const struct conf *, bool bare, struct err *);

#endif
