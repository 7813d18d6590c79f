/*
 * access_value: the values that a lookup table for check_client_access may
 * have, by the grammar of access(5). To a client whose value Postfix does not
 * know, it answers 451 (smtpd_check.c, check_table_result()).
 */
#ifndef DAEMON_CONF_ACCESS_VALUE_H
#define DAEMON_CONF_ACCESS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* 0 if Postfix may know this value, or -1: err says why it does not. */
int access_value_check(const char *text, struct err *);

/* Whether the value is a name that Postfix knows only if main.cf lists it in
 * smtpd_restriction_classes. */
bool access_value_is_class(const char *text);

/* Whether Postfix refuses or discards mail from a client with this value. */
bool access_value_refuses(const char *text);

/* Whether Postfix accepts mail from a client with this value, whatever
 * restrictions follow. */
bool access_value_permits(const char *text);

/* Whether the first len bytes are an action of access(5), or 4NN or 5NN. */
bool access_value_is_action(const char *word, size_t len);

/* The names of the actions, for suggestions; ends with NULL. */
extern const char *const access_value_actions[];

#endif
