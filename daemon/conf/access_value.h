/*
 * access_value: what a lookup table may hold for check_client_access, by the
 * grammar of access(5). Postfix answers 451 to everybody whom the table has
 * with a value that it does not know (smtpd_check.c, check_table_result()).
 */
#ifndef DAEMON_CONF_ACCESS_VALUE_H
#define DAEMON_CONF_ACCESS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Whether Postfix can take it: 0; -1: err says why not. */
int access_value_check(const char *text, struct err *);

/* Whether it is a name that only main.cf can give a meaning, as one of
 * smtpd_restriction_classes. */
bool access_value_is_class(const char *text);

/* Whether Postfix refuses or discards the mail of a client that has it. */
bool access_value_refuses(const char *text);

/* Whether the first len bytes are an action of access(5), or 4NN or 5NN. */
bool access_value_is_action(const char *word, size_t len);

/* The names of the actions, for suggestions; ends with NULL. */
extern const char *const access_value_actions[];

#endif
