/*
 * rule_names: numbers for the names of rules, so that each authorization can
 * say in two bytes which rule found its login.
 *
 * A name keeps its number until it is forgotten; then another name may get it.
 */
#ifndef DAEMON_TABLE_RULE_NAMES_H
#define DAEMON_TABLE_RULE_NAMES_H

#include <stdint.h>

enum { RULE_NAMES_MAX = UINT16_MAX };

struct rule_names;

struct rule_names *rule_names_new(void);
void rule_names_free(struct rule_names **);

/* The number of a name; a new name gets one. 0: RULE_NAMES_MAX other names have
 * one. The time it takes grows with the count of names. */
uint16_t rule_names_number(struct rule_names *, const char *name);
/* The name with this number, until it is forgotten; NULL: no name has it. */
const char *rule_names_text(const struct rule_names *, uint16_t number);
/* No name has a greater number. */
uint16_t rule_names_greatest(const struct rule_names *);
void rule_names_forget(struct rule_names *, uint16_t number);

#endif
