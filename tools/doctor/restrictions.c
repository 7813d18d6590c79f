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

/* What lets mail for our own domains pass, or refuses any other. */
static bool
is_for_own(const char *word)
{
	return strcasecmp(word, "permit_auth_destination") == 0 ||
	       strcasecmp(word, "reject_unauth_destination") == 0 ||
	       strcasecmp(word, "defer_unauth_destination") == 0;
}

const char *
restrictions_asked_first(const struct strings *words,
			 const struct strings *maps)
{
	const char *asked = NULL;

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i];

		if (strcasecmp(word, "warn_if_reject") == 0)
			i++;
		else if (is_for_own(word))
			return asked;
		else if (refuses(word))
			return NULL;
		else if (strncmp(word, "socketmap:", 10) == 0 &&
			 restrictions_names(word, maps))
			asked = word;
	}
	return asked;
}

/* "permit", or a table that has it for everybody */
static bool
permits_all(const struct strings *words, size_t i)
{
	const char *word = words->list[i];

	return strcasecmp(word, "permit") == 0 ||
	       (i > 0 && strncasecmp(words->list[i - 1], "check_", 6) == 0 &&
		(strcasecmp(word, "static:ok") == 0 ||
		 strcasecmp(word, "static:permit") == 0));
}

static bool
is_required(const char *word)
{
	return refuses(word) || strcasecmp(word, "defer_if_permit") == 0 ||
	       strcasecmp(word, "check_relay_domains") == 0;
}

bool
restrictions_refuse(const struct strings *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcasecmp(words->list[i], "warn_if_reject") == 0)
			i++;
		else if (is_required(words->list[i]))
			return true;
		else if (permits_all(words, i))
			return false;
	return false;
}

static bool
suffices(const struct postconf *pc, const char *value, int depth)
{
	const char *classes = postconf_value(pc, "smtpd_restriction_classes");
	char *copy = alloc_string(value), *at, *word;
	bool found = false;

	for (word = strtok_r(copy, ", \t\r\n{}", &at); word != NULL && !found;
	     word = strtok_r(NULL, ", \t\r\n{}", &at)) {
		if (strcasecmp(word, "permit") == 0)
			break;
		if (strcasecmp(word, "warn_if_reject") == 0)
			strtok_r(NULL, ", \t\r\n{}", &at);
		else if (is_required(word))
			found = true;
		else if (depth < DEPTH_MAX && has_word(classes, word))
			found = suffices(pc, postconf_value(pc, word),
					 depth + 1);
	}
	free(copy);
	return found;
}

bool
restrictions_suffice(const struct postconf *pc, const char *value)
{
	return suffices(pc, value, 0);
}

/* The next word, with all that is in its braces. */
static size_t
word_length(const char *at)
{
	size_t len = 0, depth = 0;

	for (; at[len] != '\0'; len++)
		if (at[len] == '{')
			depth++;
		else if (at[len] == '}')
			depth -= depth > 0;
		else if (depth == 0 && strchr(separators, at[len]) != NULL)
			break;
	return len;
}

/* The next restriction with its argument, if that is a table. warn_if_reject
 * belongs to what follows it. */
static size_t
restriction_length(const char *at)
{
	static const char warn[] = "warn_if_reject";
	size_t len = word_length(at), next;

	if (len == strlen(warn) && strncasecmp(at, warn, len) == 0) {
		next = len + strspn(at + len, separators);
		return next + restriction_length(at + next);
	}
	if (strncasecmp(at, "check_", 6) != 0)
		return len;
	next = len + strspn(at + len, separators);
	return next + word_length(at + next);
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

/* The value of "$name", "${name}" or "$(name)"; NULL: it is something else. */
static const char *
value_of_name(const struct postconf *pc, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	bool braced = word[1] == '{' || word[1] == '(';
	const char *start = word + 1 + braced, *value;
	size_t len = strspn(start, letters);
	char *name;

	if (len == 0 || strlen(start + len) != braced)
		return NULL;
	name = alloc_bytes(start, len);
	value = postconf_value(pc, name);
	free(name);
	return value;
}

/* Where the first refusal is. A list without one can be edited, too. */
enum refusal_place { PLACE_HERE, PLACE_IN_SETTING, PLACE_IN_EXPRESSION };

/* A setting, a class or an expression may hide a refusal. */
static enum refusal_place
place_in(const struct postconf *pc, const char *restriction)
{
	const char *value = restriction;
	struct strings words = {0};
	bool hidden;

	if (strncasecmp(value, "check_", 6) == 0)
		return PLACE_HERE;
	if (*value == '$')
		value = value_of_name(pc, value);
	if (value == NULL)
		return PLACE_IN_EXPRESSION;
	restrictions_read(&words, pc, value);
	hidden = restrictions_judge(&words, &(struct strings){0}).refusal !=
		 NULL;
	strings_clear(&words);
	return hidden ? PLACE_IN_SETTING : PLACE_HERE;
}

static enum refusal_place
place_of_refusal(const struct postconf *pc, const char *value)
{
	enum refusal_place place = PLACE_HERE;
	size_t len;
	char *one;

	for (; place == PLACE_HERE &&
	       *(value += strspn(value, separators)) != '\0';
	     value += len) {
		len = restriction_length(value);
		one = alloc_bytes(value, len);
		if (!refuses(one))
			place = place_in(pc, one);
		else
			len = strlen(value);
		free(one);
	}
	return place;
}

const char *
restrictions_editable(const struct postconf *pc, const char *list)
{
	const char *value = postconf_raw(pc, list);
	enum refusal_place place = place_of_refusal(pc, value);

	if (place == PLACE_IN_EXPRESSION) {
		value = postconf_value(pc, list);
		place = place_of_refusal(pc, value);
	}
	return place == PLACE_HERE ? value : NULL;
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
