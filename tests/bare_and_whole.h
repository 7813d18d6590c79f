/*
 * bare_and_whole: a pattern file read with and without its samples. Both give
 * the same rules, or both refuse the file for the same reason. If that lies in a
 * sample, what is refused without samples comes after it.
 */
#ifndef TESTS_BARE_AND_WHOLE_H
#define TESTS_BARE_AND_WHOLE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/rules.h"

static inline bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline bool
same_rule(const struct rule *a, const struct rule *b)
{
	size_t i = 0;
	int role;

	for (role = 0; role < RULE_ROLES; role++)
		if (!same_text(a->expressions[role], b->expressions[role]))
			return false;
	while (a->programs[i] != NULL &&
	       same_text(a->programs[i], b->programs[i]))
		i++;
	return a->programs[i] == b->programs[i] &&
	       same_text(a->name, b->name) && same_text(a->server, b->server) &&
	       same_text(a->file, b->file) &&
	       same_text(a->warning, b->warning) && a->lineno == b->lineno &&
	       a->header == b->header && a->optional == b->optional &&
	       a->whole_line == b->whole_line && a->cut == b->cut &&
	       a->user_checked == b->user_checked &&
	       b->accept.count + b->reject.count == 0;
}

static inline bool
same_rules(const struct ruleset *whole, const struct ruleset *bare)
{
	if (whole->count != bare->count)
		return false;
	for (size_t i = 0; i < whole->count; i++)
		if (!same_rule(&whole->list[i], &bare->list[i]))
			return false;
	return true;
}

static inline bool
is_of_sample(const char *error)
{
	static const char *const said[] = {
	    " sample", "'line' ",    "'lines' ",
	    "'ip' ",   "'user' ",    "'session' ",
	    "'why' ",  "'checked' ", " is not an address"};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (strstr(error, said[i]) != NULL)
			return true;
	return false;
}

/* Of "FILE:LINE: what is wrong". */
static inline long
line_of(const char *error)
{
	const char *colon = strchr(error, ':');

	return colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
}

static inline bool
same_refusal(const char *whole, const struct ruleset *bare, const char *error)
{
	if (bare == NULL && strcmp(whole, error) == 0)
		return true;
	return is_of_sample(whole) &&
	       (bare != NULL || line_of(error) > line_of(whole));
}

/* What the whole reading found, or NULL and its reason. */
static inline struct ruleset *
read_both_ways(const void *text, size_t len, bool *same, struct err *err)
{
	int fd = memfd_create("rules.yaml", MFD_CLOEXEC);
	char *path = alloc_format("/proc/self/fd/%d", fd);
	struct ruleset *whole, *bare;
	struct err bare_err = {""};

	assert(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	err->text[0] = '\0';
	whole = ruleset_load((const char *const *)&path, 1, err);
	bare = ruleset_load_bare((const char *const *)&path, 1, &bare_err);
	if (whole != NULL)
		*same = bare != NULL && same_rules(whole, bare);
	else
		*same = same_refusal(err->text, bare, bare_err.text);
	ruleset_free(&bare);
	free(path);
	close(fd);
	return whole;
}

#endif
