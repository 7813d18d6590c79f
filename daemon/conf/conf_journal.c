#include "daemon/conf/conf_journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"

#define BLANKS " \t"
#define DIGITS "0123456789"

/* From systemd.journal-fields(7). */
static bool
is_of_digits(const char *word, size_t len)
{
	static const char *const fields[] = {
	    "PRIORITY",	     "SYSLOG_FACILITY", "SYSLOG_PID",
	    "_PID",	     "_UID",		"_GID",
	    "_AUDIT_SESSION", "_AUDIT_LOGINUID", "_SYSTEMD_OWNER_UID"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strlen(fields[i]) == len &&
		    memcmp(fields[i], word, len) == 0)
			return true;
	return false;
}

/* A name that sd_journal_add_match(3) refuses is no name of a field. */
static int
check_match(const char *word, size_t len, struct err *err)
{
	const char *equals = memchr(word, '=', len);
	size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_" DIGITS);

	if (equals == NULL || name == 0 || word + name != equals ||
	    strncmp(word, "__", 2) == 0)
		return err_set(err, "'%.*s' is not FIELD=VALUE", (int)len,
			       word);
	if (is_of_digits(word, name) &&
	    (len == name + 1 || strspn(equals + 1, DIGITS) < len - name - 1))
		return err_set(err,
			       "'%.*s' selects nothing: %.*s is a number, as "
			       "in %.*s=0",
			       (int)len, word, (int)name, word, (int)name,
			       word);
	return 0;
}

int
conf_check_journal(const char *spec, struct err *err)
{
	const char *word = spec + strlen("journal:");
	bool open = true; /* a match may still come, or has to */
	bool any = false; /* a + has come */
	size_t len;

	word += strspn(word, BLANKS);
	if (*word == '/')
		word += strcspn(word, BLANKS);
	for (; *(word += strspn(word, BLANKS)) != '\0'; word += len) {
		bool plus;

		len = strcspn(word, BLANKS);
		plus = len == 1 && *word == '+';
		if (plus && open)
			return err_set(err, "'+' has no FIELD=VALUE before it");
		if (!plus && check_match(word, len, err) != 0)
			return -1;
		open = plus;
		any = any || plus;
	}
	if (any && open)
		return err_set(err, "'+' has no FIELD=VALUE after it");
	return 0;
}
