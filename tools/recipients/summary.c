#include "tools/recipients/summary.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gateway/address_list.h"
#include "tools/gateway/string_set.h"
#include "tools/output/json.h"
#include "tools/recipients/run.h"
#include "tools/recipients/settings.h"

/* ---- the tables ---- */

static void
print_tables(const struct run *run)
{
	const struct recipients_settings *settings = run->settings;
	size_t n = settings->plain ? string_set_count(run->list->keys) : 0;

	string_set_sort(run->list->keys);
	for (size_t i = 0; i < n; i++)
		printf("%s\tok\n", string_set_at(run->list->keys, i));
	if (settings->plain && settings->plus)
		puts("---");
	if (settings->plus)
		fwrite(run->tables.text, 1, run->tables.len, stdout);
}

/* ---- differences ---- */

/* "domain.tld user" as the line that asks for its plus addressing. */
static int
plus_line(char *out, size_t size, const char *user)
{
	const char *blank = strchr(user, ' ');

	return snprintf(out, size, "%s\\+.*@%.*s", blank + 1,
			(int)(blank - user), user);
}

/* Adds "entry TAB sign" for each of `these' that is not in `those'. */
static void
add_missing(struct string_set *lines, const struct string_set *these,
	    const struct string_set *those, bool plus, char sign)
{
	char entry[600], line[640];
	int len;

	for (size_t i = 0; i < string_set_count(these); i++) {
		const char *text = string_set_at(these, i);

		if (string_set_has(those, text, strlen(text)))
			continue;
		if (plus)
			plus_line(entry, sizeof(entry), text);
		else
			snprintf(entry, sizeof(entry), "%s", text);
		len = snprintf(line, sizeof(line), "%s\t%c", entry, sign);
		string_set_add(lines, line, (size_t)len);
	}
}

/* Sorted by entry. The caller frees them. */
static struct string_set *
differences(const struct run *run)
{
	const struct tables *tables = &run->tables;
	struct string_set *lines = string_set_new();

	if (tables->keys.keys != NULL) {
		add_missing(lines, run->list->keys, tables->keys.keys, false,
			    '+');
		add_missing(lines, tables->keys.keys, run->list->keys, false,
			    '-');
	}
	if (tables->users != NULL) {
		add_missing(lines, run->list->plus, tables->users, true, '+');
		add_missing(lines, tables->users, run->list->plus, true, '-');
	}
	string_set_sort(lines);
	return lines;
}

static void
print_differences(const struct run *run)
{
	struct string_set *lines = differences(run);

	for (size_t i = 0; i < string_set_count(lines); i++) {
		const char *line = string_set_at(lines, i);
		size_t len = strlen(line) - 2;

		printf("%c %.*s\n", line[len + 1], (int)len, line);
	}
	string_set_free(&lines);
}

/* ---- JSON ---- */

static void
json_names(const char *member, const struct string_set *names)
{
	printf(", \"%s\": [", member);
	for (size_t i = 0; names != NULL && i < string_set_count(names); i++) {
		const char *name = string_set_at(names, i);

		fputs(i > 0 ? ", " : "", stdout);
		json_string(stdout, name, strlen(name));
	}
	putchar(']');
}

static void
json_users(const char *member, const struct string_set *users)
{
	char line[600];

	printf(", \"%s\": [", member);
	for (size_t i = 0; i < string_set_count(users); i++) {
		int len =
		    plus_line(line, sizeof(line), string_set_at(users, i));

		fputs(i > 0 ? ", " : "", stdout);
		json_string(stdout, line, (size_t)len);
	}
	putchar(']');
}

static void
json_side(const char *member, const struct string_set *lines, char sign)
{
	const char *separator = "";

	printf(", \"%s\": [", member);
	for (size_t i = 0; i < string_set_count(lines); i++) {
		const char *line = string_set_at(lines, i);
		size_t len = strlen(line) - 2;

		if (line[len + 1] != sign)
			continue;
		fputs(separator, stdout);
		json_string(stdout, line, len);
		separator = ", ";
	}
	putchar(']');
}

static void
json_messages(const char *report)
{
	printf(", \"messages\": [");
	while (*report != '\0') {
		size_t len = strcspn(report, "\n");

		json_string(stdout, report, len);
		report += len + (report[len] == '\n');
		fputs(*report != '\0' ? ", " : "", stdout);
	}
	putchar(']');
}

static void
json_entries(const struct run *run)
{
	struct string_set *lines;

	if (run->settings->map_type == NULL) {
		string_set_sort(run->list->keys);
		json_names("recipients", run->list->keys);
		json_users("plus", run->list->plus);
	} else if (run->settings->diff) {
		lines = differences(run);
		json_side("add", lines, '+');
		json_side("remove", lines, '-');
		string_set_free(&lines);
	}
}

static void
print_json(const struct run *run)
{
	const struct comparison *keys = &run->tables.keys;

	printf("{\"file\": ");
	json_string(stdout, run->settings->file, strlen(run->settings->file));
	printf(", \"status\": %d, \"refused\": %s, \"written\": %s",
	       run->status, run->refused ? "true" : "false",
	       run->written ? "true" : "false");
	printf(", \"count\": %zu, \"plus_count\": %zu, \"invalid\": %zu, "
	       "\"duplicates\": %zu",
	       string_set_count(run->list->keys),
	       string_set_count(run->list->plus), run->invalid,
	       run->list->duplicates);
	printf(", \"present\": %zu, \"added\": %zu, \"removed\": %zu",
	       keys->present, keys->added, keys->gone);
	json_names("catchalls", run->list->catchalls);
	json_names("lost_domains", keys->lost);
	json_entries(run);
	json_messages(run->report);
	puts("}");
}

void
summary_print(const struct run *run)
{
	if (run->settings->json)
		print_json(run);
	else if (run->refused || run->status > 1)
		return;
	else if (run->settings->diff)
		print_differences(run);
	else if (run->settings->map_type == NULL)
		print_tables(run);
}
