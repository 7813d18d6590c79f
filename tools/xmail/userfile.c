#include "tools/xmail/userfile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "tools/integer.h"
#include "tools/xmail/xmail.h"

/* A name in a directory, and nothing else. */
static bool
is_name(const char *text)
{
	return *text != '\0' && *text != '.' && strchr(text, '/') == NULL;
}

static bool
judge(struct xmail *xmail, const struct tabline *line)
{
	const char *name = line->fields[0], *value = line->fields[1];

	long long on = 1;

	if (strcasecmp(name, "ReceiveEnable") == 0 && line->count > 1 &&
	    integer_parse(value, INT_MIN, INT_MAX, &on) != 0)
		remark_lost(&xmail->remarks, line->place,
			    "ReceiveEnable: '%s' is not a number: the account "
			    "receives",
			    shown(value).text);
	if (on == 0) {
		remark(&xmail->remarks, line->place,
		       "ReceiveEnable is 0: the account is left out; a "
		       "catch-all of its domain accepts it all the same");
		return false;
	}
	if (strcasecmp(name, "SmtpPerms") == 0 && strchr(value, 'R') == NULL)
		remark_lost(&xmail->remarks, line->place,
			    "SmtpPerms without R: is not carried over: a POP3 "
			    "login of this account lets it relay");
	return true;
}

bool
userfile_receives(struct xmail *xmail, const struct tabline *user)
{
	const char *domain = user->fields[0], *directory = user->fields[4];
	struct tabfile *file;
	struct tabline line;
	struct err err;
	bool receives = true;
	char *name;
	int result;

	if (!is_name(domain) || !is_name(directory)) {
		remark_lost(&xmail->remarks, user->place,
			    "is left out: its directory is not a name");
		return false;
	}
	name = alloc_format("domains/%s/%s/user.tab", domain, directory);
	result = xmail_open(xmail, name, &file, &err);
	free(name);
	if (result < 0)
		remark_lost(&xmail->remarks, user->place, "is left out: %s",
			    err.text);
	while (result == 1 && tabfile_next(file, &line))
		receives = judge(xmail, &line) && receives;
	tabfile_close(&file);
	return receives && result >= 0;
}
