#include "daemon/conf/options_policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "daemon/conf/access_value.h"

enum { ACTION_MAX = 1000 }; /* bytes; a reply line of SMTP holds 512 */

const char *const policy_binding_words[] = {
    [POLICY_BINDING_OFF] = "off", [POLICY_BINDING_ALWAYS] = "always", NULL};

const char *const policy_shared_words[] = {
    [POLICY_SHARED_BIND] = "bind", [POLICY_SHARED_REFUSE] = "refuse", NULL};

/* Only states at which the recipients are known can be chosen. */
const char *const policy_state_words[] = {[POLICY_CONNECT] = "",
					  [POLICY_HELO] = "",
					  [POLICY_MAIL] = "",
					  [POLICY_RCPT] = "RCPT",
					  [POLICY_DATA] = "DATA",
					  [POLICY_END_OF_MESSAGE] =
					      "END-OF-MESSAGE",
					  NULL};

/* As of a map's value; but a word that looks like a misspelt action is taken for
 * one, not for a restriction class of main.cf. */
int
policy_check_action(const char *text, struct err *err)
{
	size_t len = strcspn(text, " \t");
	const char *near;
	char *word;
	int result;

	if (strlen(text) > ACTION_MAX)
		return err_set(err, "is longer than %d bytes", ACTION_MAX);
	if (len == 0 || access_value_is_action(text, len))
		return access_value_check(text, err);
	word = alloc_bytes(text, len);
	near = suggest(word, access_value_actions);
	result = near == NULL
		     ? access_value_check(text, err)
		     : err_set(err,
			       "'%s' is not an action of Postfix (did you mean "
			       "'%s'?)",
			       word, near);
	free(word);
	return result;
}

int
policy_check_domain(const char *text, struct err *err)
{
	if (strpbrk(text, "@ \t,") != NULL || text[0] == '.')
		return err_set(err, "'%s' is not a domain (as in example.org)",
			       text);
	return 0;
}

int
policy_check_delimiter(const char *text, struct err *err)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!ispunct((unsigned char)*c) || *c == '@')
			return err_set(err, "'%s' is not a delimiter (as in +)",
				       text);
	return 0;
}

int
policy_check_path(const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');

	if (text[0] == '/')
		return 0;
	if (slash != NULL && slash > text && slash[-1] == ':')
		return err_set(err,
			       "'%s' has a type; it is a text file and read "
			       "without postmap: %s",
			       text, slash);
	return err_set(err, "'%s' is relative; write the whole path", text);
}
