#include "tools/smap/netperm.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/readfile.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

/* Whether the keywords before the colon name us. */
static bool
is_ours(char *keywords)
{
	char *word, *rest = keywords;
	bool ours = false;

	while ((word = strtok_r(rest, " \t,", &rest)) != NULL)
		if (strcmp(word, "smap") == 0 || strcmp(word, "*") == 0)
			ours = true;
	return ours;
}

/* The next word, in place; *text moves past it. NULL: there are no
 * more. */
static char *
next_word(char **text)
{
	char *word = *text + strspn(*text, " \t"), *end;

	if (*word == '\0')
		return NULL;
	if (*word == '"' || *word == '\'') {
		end = strchr(word + 1, *word);
		word++;
	} else {
		end = strpbrk(word, " \t");
	}
	*text = end != NULL ? end + 1 : word + strlen(word);
	if (end != NULL)
		*end = '\0';
	return word;
}

static void
add_rule(struct netperm *table, char *text, struct place place,
	 struct remarks *remarks)
{
	struct netperm_rule rule = {.place = place};
	char *attribute = next_word(&text), *argument;

	while ((argument = next_word(&text)) != NULL)
		strings_add(&rule.arguments, argument);
	if (attribute == NULL || rule.arguments.count == 0) {
		remark(remarks, place,
		       "%s: has no argument: smap ignores it, too",
		       attribute != NULL ? shown(attribute).text : "");
		return;
	}
	rule.attribute = alloc_string(attribute);
	if ((table->count & (table->count - 1)) == 0)
		table->rules = alloc_resize(table->rules,
					    table->count ? 2 * table->count : 1,
					    sizeof(rule));
	table->rules[table->count++] = rule;
}

static void
read_line(struct netperm *table, char *line, struct place place,
	  struct remarks *remarks)
{
	char *colon = strchr(line, ':');

	if (line[0] == '#' || line[strspn(line, " \t")] == '\0')
		return;
	if (colon == NULL) {
		remark(remarks, place, "has no colon: smap ignores it, too");
		return;
	}
	*colon = '\0';
	if (is_ours(line))
		add_rule(table, colon + 1, place, remarks);
}

/* The text that is being read. */
struct reader {
	char *at, *end;
	struct place place; /* of the line that began last */
	size_t number;	    /* lines so far */
	struct remarks *remarks;
};

/* Moves one line, without its end, to where `to' is. Returns its end. */
static char *
move_line(struct reader *reader, char *to)
{
	size_t left = (size_t)(reader->end - reader->at), len;
	char *stop = memchr(reader->at, '\n', left);

	len = stop != NULL ? (size_t)(stop - reader->at) : left;
	if (memchr(reader->at, '\0', len) != NULL)
		remark_refused(reader->remarks, reader->place,
			       "has a NUL byte");
	memmove(to, reader->at, len);
	reader->at += len + (stop != NULL);
	reader->number++;
	while (len > 0 && to[len - 1] == '\r')
		len--;
	return to + len;
}

/* The next line, with those that continue it; NULL: there are no more. */
static char *
next_line(struct reader *reader)
{
	char *line = reader->at, *end;

	if (line == reader->end)
		return NULL;
	reader->place.line = reader->number + 1;
	end = move_line(reader, line);
	while (line[0] != '#' && end > line && end[-1] == '\\' &&
	       reader->at < reader->end) {
		end[-1] = ' ';
		remark(reader->remarks, reader->place,
		       "goes on in the next line, as in OpenFWTK; for the FWTK "
		       "of 1994 it ends here");
		end = move_line(reader, end);
	}
	*end = '\0';
	return line;
}

struct netperm *
netperm_read(const char *file, struct remarks *remarks, struct err *err)
{
	struct reader reader = {.remarks = remarks};
	struct netperm *table;
	size_t len;
	char *text = readfile(file, FILE_MAX, &len, err), *line;

	if (text == NULL)
		return NULL;
	table = alloc_zero(1, sizeof(*table));
	table->file = alloc_string(file);
	reader.place.file = table->file;
	reader.at = text;
	reader.end = text + len;
	while ((line = next_line(&reader)) != NULL)
		read_line(table, line, reader.place, remarks);
	free(text);
	return table;
}

void
netperm_free(struct netperm **table)
{
	if (*table == NULL)
		return;
	for (size_t i = 0; i < (*table)->count; i++) {
		free((*table)->rules[i].attribute);
		strings_clear(&(*table)->rules[i].arguments);
	}
	free((*table)->rules);
	free((*table)->file);
	free(*table);
	*table = NULL;
}

const struct netperm_rule *
netperm_next(struct netperm *table, const struct netperm_rule *last,
	     const char *attribute)
{
	size_t i = last != NULL ? (size_t)(last - table->rules) + 1 : 0;

	for (; i < table->count; i++)
		if (strcmp(table->rules[i].attribute, attribute) == 0) {
			table->rules[i].used = true;
			return &table->rules[i];
		}
	return NULL;
}

const char *
netperm_value(struct netperm *table, const char *attribute, struct place *place,
	      struct remarks *remarks)
{
	struct netperm_rule *first = NULL;

	for (size_t i = 0; i < table->count; i++) {
		struct netperm_rule *rule = &table->rules[i];

		if (strcmp(rule->attribute, attribute) != 0)
			continue;
		if (first != NULL && !rule->used)
			remark(remarks, rule->place,
			       "%s: only the first line counts", attribute);
		rule->used = true;
		if (first == NULL)
			first = rule;
	}
	if (first == NULL)
		return NULL;
	*place = first->place;
	return first->arguments.list[0];
}
