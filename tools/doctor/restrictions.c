#include "tools/doctor/restrictions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/conf/postfix_name.h"
#include "tools/doctor/postconf.h"

enum { DEPTH_MAX = 8 }; /* of restriction classes */

static const char separators[] = ", \t\r\n";

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; *(list += strspn(list, separators)) != '\0';
	     list += strcspn(list, separators))
		if (strcspn(list, separators) == len &&
		    strncmp(list, word, len) == 0)
			return true;
	return false;
}

static void
read_words(struct strings *words, const struct postconf *pc, const char *value,
	   int depth)
{
	const char *classes = postconf_value(pc, "smtpd_restriction_classes");
	char *copy = alloc_string(value), *at, *word;

	for (word = strtok_r(copy, ", \t\r\n{}", &at); word != NULL;
	     word = strtok_r(NULL, ", \t\r\n{}", &at))
		if (depth < DEPTH_MAX && has_word(classes, word))
			read_words(words, pc, postconf_value(pc, word),
				   depth + 1);
		else
			strings_add(words, word);
	free(copy);
}

void
restrictions_read(struct strings *words, const struct postconf *pc,
		  const char *value)
{
	read_words(words, pc, value, 0);
}

bool
restrictions_names(const char *word, const struct strings *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (postfix_name_is(maps->list[i], word))
			return true;
	return false;
}

static bool
refuses(const char *word)
{
	static const char *const refusals[] = {
	    "reject", "defer", "reject_unauth_destination",
	    "defer_unauth_destination"};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (strcasecmp(word, refusals[i]) == 0)
			return true;
	return false;
}

struct judgement
restrictions_judge(const struct strings *words, const struct strings *maps)
{
	struct judgement j = {.check = ""};

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i];

		if (strcasecmp(word, "warn_if_reject") == 0) {
			i++;
		} else if (j.refusal == NULL && refuses(word)) {
			j.refusal = word;
		} else if (strcasecmp(word, "permit_mynetworks") == 0) {
			j.lists_network |= j.refusal == NULL;
		} else if (j.map == NULL && restrictions_names(word, maps)) {
			j.map = word;
			j.check = i > 0 ? words->list[i - 1] : "";
			j.late = j.refusal != NULL;
		}
	}
	return j;
}

/* The next restriction with its argument, if that is in braces or a table. */
static size_t
restriction_length(const char *at)
{
	size_t len = strcspn(at, separators), next;

	if (*at == '{')
		return strcspn(at, "}") + (strchr(at, '}') != NULL);
	if (strncmp(at, "check_", 6) != 0)
		return len;
	next = len + strspn(at + len, " \t");
	if (at[next] == '{')
		return next + restriction_length(at + next);
	return next + strcspn(at + next, separators);
}

static bool
is_ours(const char *restriction, const struct strings *maps)
{
	char *copy = alloc_string(restriction), *at, *word;
	bool ours = false;

	for (word = strtok_r(copy, ", \t{}", &at); word != NULL && !ours;
	     word = strtok_r(NULL, ", \t{}", &at))
		ours = restrictions_names(word, maps);
	free(copy);
	return ours;
}

char *
restrictions_with(const char *value, const struct strings *maps,
		  const char *check, const char *name)
{
	const char *separator = "";
	char *text, *one;
	size_t size, len;
	bool placed = false;
	FILE *out = open_memstream(&text, &size);

	for (; *(value += strspn(value, separators)) != '\0'; value += len) {
		len = restriction_length(value);
		one = alloc_bytes(value, len);
		if (!placed && refuses(one)) {
			fprintf(out, "%s%s %s", separator, check, name);
			placed = true;
			separator = ", ";
		}
		if (!is_ours(one, maps)) {
			fprintf(out, "%s%s", separator, one);
			separator = ", ";
		}
		free(one);
	}
	if (!placed)
		fprintf(out, "%s%s %s", separator, check, name);
	fclose(out);
	return text;
}
