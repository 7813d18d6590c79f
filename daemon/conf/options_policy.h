/*
 * options_policy: the part of options[] for keys under `policy:' in the YAML
 * file; private to options.c.
 */
#ifndef DAEMON_CONF_OPTIONS_POLICY_H
#define DAEMON_CONF_OPTIONS_POLICY_H

#include "maps/live/policy.h"

struct err;

/* Indexed by the enums of maps/live/policy.h. */
extern const char *const policy_binding_words[];
extern const char *const policy_shared_words[];
extern const char *const policy_state_words[];

/* Check a value: 0; -1: err says what is wrong. */
int policy_check_action(const char *text, struct err *);
int policy_check_domain(const char *text, struct err *);
int policy_check_delimiter(const char *text, struct err *);
int policy_check_path(const char *text, struct err *);

/* clang-format off */
#define POLICY_AT(member) offsetof(struct conf, policy.member)
#define OPTIONS_POLICY \
	{ "action", OPTION_STRING, POLICY_AT(action), \
	  .check = policy_check_action, .section = "policy" }, \
	{ "sender_binding", OPTION_WORD, POLICY_AT(binding), \
	  .words = policy_binding_words, .section = "policy" }, \
	{ "sender_domains", OPTION_LIST, POLICY_AT(domains), \
	  .check = policy_check_domain, .section = "policy" }, \
	{ "sender_logins", OPTION_STRING, POLICY_AT(sender_logins), \
	  .check = policy_check_path, .section = "policy" }, \
	{ "recipient_delimiter", OPTION_STRING, \
	  POLICY_AT(recipient_delimiter), \
	  .check = policy_check_delimiter, .section = "policy" }, \
	{ "null_sender", OPTION_BOOL, POLICY_AT(null_sender), \
	  .section = "policy" }, \
	{ "shared_users", OPTION_NUMBER, POLICY_AT(shared_users), \
	  .max = POLICY_SHARED_USERS_MAX, .section = "policy" }, \
	{ "shared", OPTION_WORD, POLICY_AT(shared), \
	  .words = policy_shared_words, .section = "policy" }, \
	{ "user_recipients", OPTION_NUMBER, POLICY_AT(user_recipients), \
	  .max = 1000000000, .section = "policy" }, \
	{ "address_recipients", OPTION_NUMBER, POLICY_AT(address_recipients), \
	  .max = 1000000000, .section = "policy" }, \
	{ "window", OPTION_TIME, POLICY_AT(window), \
	  .min = POLICY_WINDOW_MIN, .section = "policy" }, \
	{ "limit_action", OPTION_STRING, POLICY_AT(limit_action), \
	  .check = policy_check_action, .section = "policy" }, \
	{ "count_at", OPTION_WORD, POLICY_AT(count_at), \
	  .words = policy_state_words, .section = "policy" }
/* clang-format on */

#endif
