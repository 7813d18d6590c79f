#include "tools/postfix/outset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/string_map.h"
#include "tools/postfix/maincf.h"

struct part {
	const char *word;
	char *name;   /* of the file */
	FILE *stream; /* NULL: it was not asked for */
	struct memory {
		char *text;
		size_t len;
	} * memory;
	const char *map_type; /* NULL: it is not also a map */
	/* While they are being written. */
	struct string_map *file, *map;
};

struct outset {
	struct part *parts;
	size_t count;
};

static struct part *
add_part(struct outset *set, const char *word, const char *name)
{
	struct part *part;

	set->parts = alloc_resize(set->parts, set->count + 1, sizeof(*part));
	part = &set->parts[set->count++];
	*part = (struct part){.word = word, .name = alloc_string(name)};
	return part;
}

struct outset *
outset_new(const struct outpart *parts)
{
	struct outset *set = alloc_zero(1, sizeof(*set));

	for (; parts->word != NULL; parts++)
		add_part(set, parts->word, parts->file);
	return set;
}

void
outset_free(struct outset **set)
{
	if (*set == NULL)
		return;
	for (size_t i = 0; i < (*set)->count; i++) {
		struct part *part = &(*set)->parts[i];

		if (part->stream != NULL)
			fclose(part->stream);
		free(part->name);
		if (part->memory != NULL)
			free(part->memory->text);
		free(part->memory);
	}
	free((*set)->parts);
	free(*set);
	*set = NULL;
}

const char **
outset_words(const struct outpart *parts)
{
	const char **words;
	size_t count = 0;

	while (parts[count].word != NULL)
		count++;
	words = alloc_zero(count + 1, sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = parts[i].word;
	return words;
}

static struct part *
find(const struct outset *set, const char *word)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->parts[i].word, word) == 0)
			return &set->parts[i];
	abort(); /* a word that the import does not list */
}

static FILE *
stream_of(struct part *part)
{
	/* It remembers where these are, so they may not move later. */
	if (part->stream == NULL) {
		part->memory = alloc_zero(1, sizeof(*part->memory));
		part->stream =
		    open_memstream(&part->memory->text, &part->memory->len);
	}
	return part->stream;
}

FILE *
outset_stream(struct outset *set, const char *word)
{
	return stream_of(find(set, word));
}

void
outset_also_map(struct outset *set, const char *word, const char *type)
{
	find(set, word)->map_type = type;
}

FILE *
outset_more(struct outset *set, const char *word, const char *name)
{
	const struct part *first = find(set, word);

	return stream_of(add_part(set, first->word, name));
}

static bool
is_wanted(const struct part *part, const char *only)
{
	return part->stream != NULL &&
	       (only == NULL || strcmp(only, part->word) == 0);
}

void
outset_print(struct outset *set, const char *only, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < set->count; i++) {
		struct part *part = &set->parts[i];

		if (!is_wanted(part, only))
			continue;
		if (!first)
			fprintf(out, "--- %s\n", part->name);
		first = false;
		fflush(part->stream);
		fwrite(part->memory->text, 1, part->memory->len, out);
	}
}

/* The keys of a text, one in each line before a TAB. */
struct keys {
	struct strings list;
	size_t at;
};

static const char *
next_key(void *arg)
{
	struct keys *keys = arg;

	return keys->at < keys->list.count ? keys->list.list[keys->at++] : NULL;
}

static void
read_keys(struct keys *keys, const char *text)
{
	while (*text != '\0') {
		char *key = alloc_bytes(text, strcspn(text, "\t\n"));

		strings_add(&keys->list, key);
		free(key);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

static int
prepare_map(struct part *part, const char *path, struct err *err)
{
	struct keys keys = {.at = 0};
	struct map_strings strings = {.next = next_key, .arg = &keys};
	int result = -1;

	read_keys(&keys, part->memory->text);
	strings.count = keys.list.count;
	part->map = string_map_open(part->map_type, path, "ok", err);
	if (part->map != NULL)
		result = string_map_build(part->map, &strings, err);
	strings_clear(&keys.list);
	return result;
}

/* The first line of a file, by which its verb knows it again. */
static char *
mark_of(const char *verb)
{
	return alloc_format("# Made by pbsctl %s, which replaces this file.\n",
			    verb);
}

/* A regular file without the mark; mark NULL: any. What is no regular file is
 * refused when it is opened to be replaced. */
static bool
is_foreign(const char *path, const char *mark)
{
	char line[128] = "";
	struct stat st;
	FILE *file;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	if (mark == NULL)
		return true;
	file = fopen(path, "re");
	if (file == NULL)
		return true;
	if (fgets(line, sizeof(line), file) == NULL)
		*line = '\0';
	fclose(file);
	return strcmp(line, mark) != 0;
}

static void
add_foreign(char **names, const char *directory, const char *name,
	    const char *mark)
{
	char *path = alloc_format("%s/%s", directory, name);
	char *before = *names;

	if (is_foreign(path, mark)) {
		*names = alloc_format("%s%s%s", before, *before ? ", " : "",
				      name);
		free(before);
	}
	free(path);
}

/* A map has no place for a mark. */
static void
add_foreign_map(char **names, const char *directory, const struct part *part)
{
	char *name = string_map_path(part->map_type, part->name);

	add_foreign(names, directory, name, NULL);
	free(name);
}

static int
refuse_foreign(const struct outset *set, const char *only,
	       const struct outdir *to, struct err *err)
{
	char *mark = mark_of(to->verb), *names = alloc_string("");
	int result = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct part *part = &set->parts[i];

		if (!is_wanted(part, only))
			continue;
		add_foreign(&names, to->name, part->name, mark);
		if (part->map_type != NULL)
			add_foreign_map(&names, to->name, part);
	}
	if (*names != '\0')
		result = err_set(err,
				 "%s: nothing was written: choose another "
				 "directory, or --force to replace what may "
				 "not be from this verb: %s",
				 to->name, names);
	free(names);
	free(mark);
	return result;
}

/* The text of a part, with the mark before it. */
static int
build_text(struct part *part, const char *verb, struct err *err)
{
	char *mark = mark_of(verb);
	char *text = alloc_format("%s%s", mark, part->memory->text);
	int result =
	    string_map_build_text(part->file, text, strlen(text), err);

	free(text);
	free(mark);
	return result;
}

/* Builds and syncs the new file, but leaves the old one. */
static int
prepare(struct part *part, const struct outdir *to, struct err *err)
{
	char *path = alloc_format("%s/%s", to->name, part->name);
	int result = -1;

	fflush(part->stream);
	part->file = string_map_open("", path, NULL, err);
	if (part->file != NULL)
		result = build_text(part, to->verb, err);
	if (result == 0 && part->map_type != NULL)
		result = prepare_map(part, path, err);
	free(path);
	return result;
}

/* The text first: smtpd(8) restarts when a map changes, and then
 * reads the text, too. */
static int
commit(struct part *part, struct err *err)
{
	if (part->file != NULL && string_map_commit(part->file, err) != 0)
		return -1;
	return part->map != NULL ? string_map_commit(part->map, err) : 0;
}

static int
replace(struct outset *set, const char *only, const struct outdir *to,
	struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < set->count && result == 0; i++)
		if (is_wanted(&set->parts[i], only))
			result = prepare(&set->parts[i], to, err);
	for (size_t i = set->count; i-- > 0 && result == 0;)
		result = commit(&set->parts[i], err);
	for (size_t i = 0; i < set->count; i++) {
		string_map_close(&set->parts[i].file);
		string_map_close(&set->parts[i].map);
	}
	return result;
}

int
outset_write(struct outset *set, const char *only, const struct outdir *to,
	     struct err *err)
{
	if (mkdir(to->name, 0755) != 0 && errno != EEXIST)
		return err_set(err, "%s: mkdir: %s", to->name,
			       strerror(errno));
	if (!to->force && refuse_foreign(set, only, to, err) != 0)
		return -1;
	return replace(set, only, to, err);
}

char *
outset_directory(const char *directory, struct err *err)
{
	char *here = *directory == '/' ? alloc_string("") : getcwd(NULL, 0);
	char *path;

	if (here == NULL) {
		err_set(err, "%s: getcwd: %s", directory, strerror(errno));
		return NULL;
	}
	path = alloc_format("%s%s%s", here, *here ? "/" : "", directory);
	free(here);
	while (strlen(path) > 1 && path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	if (maincf_plain(path) && strchr(path, ' ') == NULL)
		return path;
	err_set(err,
		"%s: main.cf cannot name it: choose a directory whose name "
		"has only letters, digits and `-_./'",
		shown(path).text);
	free(path);
	return NULL;
}
