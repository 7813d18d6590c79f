/*
 * ruleset: the rules of all pattern files.
 *
 * Each file is read by itself, by whichever thread is free. What they are
 * together is found out afterwards, in the order of the files, so that the rules
 * have the same order and the same error is reported as if one file had been
 * read after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "patterns/match/parallel.h"
#include "patterns/match/patterndir.h"
#include "patterns/match/rulefile.h"
#include "patterns/match/rules.h"

/* A thread costs as much as a few files, and memory of its own. */
enum { FILES_SHARE = 40 };

struct reading {
	struct strings paths;
	struct rulefile *files; /* one for each path */
	bool bare;
	struct ruleset *set;
	struct hashmap *names;
};

struct known_name {
	struct hashmap_key key; /* borrows the rule's */
	size_t rule;
};

static void
read_file(void *arg, size_t i)
{
	struct reading *reading = arg;

	rulefile_read(&reading->files[i], reading->paths.list[i],
		      reading->bare);
}

static int
add_name(struct reading *r, size_t rule, const char *path, unsigned int line,
	 struct err *err)
{
	const char *name = r->set->list[rule].name;
	struct hashmap_key key = {name, strlen(name)};
	const struct known_name *known = hashmap_find(r->names, &key);
	struct known_name *added;

	if (known == NULL) {
		added = hashmap_put(r->names, &key);
		added->rule = rule;
		return 0;
	}
	return err_set(err, "%s:%u: rule '%s' is already defined at %s:%u",
		       path, line, name, r->set->list[known->rule].file,
		       r->set->list[known->rule].lineno);
}

/* Moves the rules of a file to the set, which has room for them. */
static void
move_rules(struct ruleset *set, struct rulefile *file)
{
	if (file->count > 0)
		memcpy(set->list + set->count, file->list,
		       file->count * sizeof(*file->list));
	set->count += file->count;
	free(file->list);
}

/* What comes first in the file is reported: too many rules, then in each rule
 * that its name is not new, then the error that ended the reading. */
static int
check_file(struct reading *r, size_t before, size_t i, struct err *err)
{
	const struct rulefile *file = &r->files[i];
	const char *path = r->paths.list[i];

	if (before + file->all > RULES_MAX)
		return err_set(err, "%s:%u: more than %d rules in all", path,
			       file->line, RULES_MAX);
	for (size_t k = 0; k < file->count; k++)
		if (r->set->list[before + k].name != NULL &&
		    add_name(r, before + k, path, file->name_lines[k], err) <
			0)
			return -1;
	if (file->failed)
		*err = file->err;
	return file->failed ? -1 : 0;
}

static int
join_files(struct reading *r, struct err *err)
{
	size_t total = 0, before;
	int result = 0;

	for (size_t i = 0; i < r->paths.count; i++)
		total += r->files[i].count;
	r->set->list = alloc_zero(total, sizeof(*r->set->list));
	r->names =
	    hashmap_new(sizeof(struct known_name), HASHMAP_KEY_OUTSIDE);
	for (size_t i = 0; i < r->paths.count; i++) {
		before = r->set->count;
		move_rules(r->set, &r->files[i]);
		if (result == 0)
			result = check_file(r, before, i, err);
		free(r->files[i].name_lines);
	}
	hashmap_free(&r->names);
	return result;
}

static struct ruleset *
load(const char *const *dirs, size_t ndirs, bool bare, struct err *err)
{
	struct reading r = {.set = alloc_zero(1, sizeof(*r.set)),
			    .bare = bare};
	int result = patterndir_files(dirs, ndirs, &r.paths, err);

	if (result == 0) {
		r.files = alloc_zero(r.paths.count, sizeof(*r.files));
		parallel_each(r.paths.count, FILES_SHARE, read_file, &r);
		result = join_files(&r, err);
		free(r.files);
	}
	if (result == 0 && r.set->count == 0)
		result = err_set(err, "%s: no rules in *.yaml",
				 ndirs > 0 ? dirs[ndirs - 1] : "patterns");
	strings_clear(&r.paths);
	if (result < 0)
		ruleset_free(&r.set);
	return r.set;
}

struct ruleset *
ruleset_load(const char *const *dirs, size_t ndirs, struct err *err)
{
	return load(dirs, ndirs, false, err);
}

struct ruleset *
ruleset_load_bare(const char *const *dirs, size_t ndirs, struct err *err)
{
	return load(dirs, ndirs, true, err);
}
