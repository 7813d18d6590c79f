/* plus_table: blocks by domain, alternations of at most 100, text escaped, and
 * read back. */
#include "tools/gateway/plus_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"
#include "tools/gateway/string_set.h"

static char *
table(const char *const *users, size_t *len)
{
	struct string_set *set = string_set_new();
	char *text;

	for (; *users != NULL; users++)
		string_set_add(set, *users, strlen(*users));
	string_set_sort(set);
	text = plus_table_text(set, len);
	string_set_free(&set);
	return text;
}

static const struct {
	const char *name;
	const char *users[4];
	const char *text;
} rows[] = {
    {"nobody", {NULL}, ""},
    {"one", {"d.e ann"}, "if /@d\\.e$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\nendif\n"},
    {"two of one domain",
     {"d.e bob.b", "d.e ann"},
     "if /@d\\.e$/\n/^(ann|bob\\.b)\\+[^@]*@[^@]*$/ ok\nendif\n"},
    {"a domain that begins with another",
     {"d.e ann", "d.e-f.g ann", "d.e.f ann"},
     "if /@d\\.e$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\nendif\n"
     "if /@d\\.e-f\\.g$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\nendif\n"
     "if /@d\\.e\\.f$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\nendif\n"},
    {"all characters",
     {"d.e !#$%&'*+-/=?^_`{|}~"},
     "if /@d\\.e$/\n"
     "/^(!#\\$%&'\\*\\+-\\/=\\?\\^_`\\{\\|\\}~)\\+[^@]*@[^@]*$/ ok\nendif\n"},
};

/* Whether a text is read as one that says the same. */
static bool
reads_back(const char *text)
{
	struct string_set *users = string_set_new();
	size_t len;
	char *again;
	bool same;

	same = plus_table_parse(text, users) == 0;
	string_set_sort(users);
	again = plus_table_text(users, &len);
	same = same && strcmp(again, text) == 0;
	free(again);
	string_set_free(&users);
	return same;
}

static const char *const foreign[] = {
    "\n",
    "# a comment\n",
    "/^ann@d\\.e$/ ok\n",
    "if /@d\\.e$/\n",
    "if /@d\\.e$/\nendif",
    "if /@d\\.e$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\n",
    "if /@d\\.e$/\n/^(ann)\\+[^@]*@[^@]*$/ REJECT\nendif\n",
    "if /@d\\.e$/\n/^(ann|)\\+[^@]*@[^@]*$/ ok\nendif\n",
    "if /@d\\.e$/\n/^(ann\\",
    "if /@$/\n/^(ann)\\+[^@]*@[^@]*$/ ok\nendif\n",
};

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL)
		n++, text += strlen(what);
	return n;
}

static void
test_many(int users, size_t rules)
{
	struct string_set *set = string_set_new();
	char user[32];
	size_t len;
	char *text;

	for (int i = 0; i < users; i++) {
		snprintf(user, sizeof(user), "d.e u%d", i);
		string_set_add(set, user, strlen(user));
	}
	string_set_sort(set);
	text = plus_table_text(set, &len);
	is_int((long long)count(text, "endif\n"), 1, "%d users: a block",
	       users);
	is_int((long long)count(text, "/ ok\n"), (long long)rules, "its rules");
	is_int((long long)(count(text, "|") + rules), users, "all of them");
	ok(reads_back(text), "and reads back");
	free(text);
	string_set_free(&set);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len;
		char *text = table(rows[i].users, &len);

		is_str(text, rows[i].text, "%s", rows[i].name);
		is_int((long long)len, (long long)strlen(text), "its length");
		ok(reads_back(text), "and reads back");
		free(text);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		struct string_set *users = string_set_new();

		is_int(plus_table_parse(foreign[i], users), -1,
		       "foreign text %zu is not read", i);
		string_set_free(&users);
	}
	test_many(1, 1);
	test_many(100, 1);
	test_many(101, 2);
	test_many(1000, 10);
	return tap_done();
}
