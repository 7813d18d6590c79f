#include "daemon/conf/access_value.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define BLANKS " \t"
#define DIGITS "0123456789"

/* From access(5), and the restrictions of postconf(5) that are of use here. */
const char *const access_value_actions[] = {"OK",
					    "DUNNO",
					    "REJECT",
					    "DEFER",
					    "DEFER_IF_PERMIT",
					    "DEFER_IF_REJECT",
					    "PERMIT",
					    "PREPEND",
					    "FILTER",
					    "HOLD",
					    "DISCARD",
					    "BCC",
					    "INFO",
					    "WARN",
					    "REDIRECT",
					    "RELAY",
					    "permit_auth_destination",
					    "permit_mynetworks",
					    "permit_sasl_authenticated",
					    "reject_unauth_destination",
					    "defer_unauth_destination",
					    NULL};

static bool
is_code(const char *word, size_t len)
{
	return len == 3 && (word[0] == '4' || word[0] == '5') &&
	       isdigit((unsigned char)word[1]) &&
	       isdigit((unsigned char)word[2]);
}

bool
access_value_is_action(const char *word, size_t len)
{
	if (is_code(word, len))
		return true;
	for (size_t i = 0; access_value_actions[i] != NULL; i++)
		if (strlen(access_value_actions[i]) == len &&
		    strncasecmp(access_value_actions[i], word, len) == 0)
			return true;
	return false;
}

/* A restriction of postconf(5) by its first word, or the table of one. */
static bool
is_restriction(const char *word, size_t len)
{
	static const char *const beginnings[] = {"permit", "reject", "check",
						 "defer", "warn_if_reject"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		size_t n = strlen(beginnings[i]);

		if (n <= len && strncasecmp(beginnings[i], word, n) == 0 &&
		    (n == len || word[n] == '_'))
			return true;
	}
	return memchr(word, ':', len) != NULL;
}

/* smtpd splits what is no action into restrictions, at blanks and commas. */
static bool
are_restrictions(const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len + strspn(text + len, BLANKS ",")) {
		len = strcspn(text, BLANKS ",");
		if (!is_restriction(text, len))
			return false;
	}
	return true;
}

bool
access_value_is_class(const char *text)
{
	size_t len = strlen(text);

	return isalpha((unsigned char)*text) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_" DIGITS) == len &&
	       !access_value_is_action(text, len) && !are_restrictions(text);
}

bool
access_value_permits(const char *text)
{
	static const char *const words[] = {"OK", "PERMIT", "RELAY"};
	size_t len = strcspn(text, BLANKS ",");

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == len &&
		    strncasecmp(words[i], text, len) == 0)
			return true;
	return text[strspn(text, DIGITS)] == '\0';
}

bool
access_value_refuses(const char *text)
{
	static const char *const beginnings[] = {"reject", "defer", "discard"};
	size_t len = strcspn(text, BLANKS ",");

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (strncasecmp(text, beginnings[i], strlen(beginnings[i])) ==
		    0)
			return true;
	return is_code(text, len);
}

int
access_value_check(const char *text, struct err *err)
{
	size_t len = strcspn(text, BLANKS);

	if (len == 0)
		return err_set(err, "is empty, or begins with a space");
	if (text[strspn(text, DIGITS)] == '\0' ||
	    access_value_is_action(text, len) || access_value_is_class(text) ||
	    are_restrictions(text))
		return 0;
	return err_set(err,
		       "'%s' is no action of access(5), such as OK or "
		       "REJECT: Postfix would answer 451 instead",
		       text);
}
