/*
 * login_counts: how many logins each rule has found.
 */
#ifndef DAEMON_PIPELINE_LOGIN_COUNTS_H
#define DAEMON_PIPELINE_LOGIN_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct login_counts;
struct recognizer;
struct rule;
struct ruleset;

/* Both must outlive it. Only rules that the recognizer uses, and that can find
 * a login, are counted and listed. */
struct login_counts *login_counts_new(const struct ruleset *,
				      struct recognizer *);
void login_counts_free(struct login_counts **);

void login_counts_add(struct login_counts *, const struct rule *);

/* Adds what was counted before a reload. The logins of rules that are no longer
 * there are kept together, under the name "". */
void login_counts_carry(struct login_counts *, const struct login_counts *old);

/* Whether there is such a rule. */
bool login_counts_has(const struct login_counts *, const char *rule);

/* Walks the rules: start with *at = 0; false at the end. */
bool login_counts_next(const struct login_counts *, size_t *at,
		       const char **rule, uint64_t *logins);

#endif
