#include "daemon/journal/journal_words.h"

#include <string.h>

static bool
names_writer(const char *word)
{
	static const char *const fields[] = {
	    "_UID",
	    "_GID",
	    "_PID",
	    "_EXE",
	    "_SYSTEMD_UNIT",
	    "_SYSTEMD_CGROUP",
	    "_SYSTEMD_SLICE",
	    "_SYSTEMD_OWNER_UID",
	    "_SYSTEMD_USER_UNIT",
	    "_SYSTEMD_SESSION",
	    "_SYSTEMD_USER_SLICE",
	    "_SYSTEMD_INVOCATION_ID",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strncmp(fields[i], word, strcspn(word, "=")) == 0 &&
		    fields[i][strcspn(word, "=")] == '\0')
			return true;
	return false;
}

bool
journal_words_name_writer(char *const *words, size_t count)
{
	bool named = false;

	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], "+") != 0)
			named = named || names_writer(words[i]);
		else if (!named)
			return false;
		else
			named = false;
	return named;
}
