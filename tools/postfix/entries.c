#include "tools/postfix/entries.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/gateway/string_set.h"

struct line {
	const char *bytes;
	size_t len;
};

static bool
begins(const struct line *line, const char *with)
{
	size_t len = strlen(with);

	return line->len >= len && memcmp(line->bytes, with, len) == 0;
}

/* A piece between the marks of alternatives, and the condition before it. */
static void
add_piece(struct string_set *entries, const struct line *condition,
	  const char *bytes, size_t len)
{
	char *entry = alloc_format("%.*s\n%.*s", (int)condition->len,
				   condition->bytes, (int)len, bytes);

	string_set_add(entries, entry, strlen(entry));
	free(entry);
}

/* It does not matter that `|' may also be escaped, as long as the same line has
 * the same pieces. */
static void
add_line(struct string_set *entries, const struct line *condition,
	 const struct line *line)
{
	const char *marks = begins(line, "/^(") ? "|()" : "";
	size_t begin = 0;

	for (size_t i = 0; i <= line->len; i++) {
		if (i < line->len && (line->bytes[i] == '\0' ||
				      strchr(marks, line->bytes[i]) == NULL))
			continue;
		if (i > begin)
			add_piece(entries, condition, line->bytes + begin,
				  i - begin);
		begin = i + 1;
	}
}

void
entries_add(struct string_set *entries, const char *text)
{
	const struct line none = {"", 0};
	struct line line, condition = none;

	for (; *text != '\0'; text += *text == '\n') {
		line = (struct line){text, strcspn(text, "\n")};
		if (begins(&line, "endif"))
			condition = none;
		else if (begins(&line, "if "))
			condition = line;
		else if (line.len > 0 && *text != '#')
			add_line(entries, &condition, &line);
		text += line.len;
	}
}
