#include "tools/postfix/outset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "tools/postfix/maincf.h"
#include "tools/postfix/outset_parts.h"

static struct outset_part *
add_part(struct outset *set, const char *word, const char *name)
{
	struct outset_part *part;

	set->parts = alloc_resize(set->parts, set->count + 1, sizeof(*part));
	part = &set->parts[set->count++];
	*part = (struct outset_part){.word = word, .name = alloc_string(name)};
	return part;
}

struct outset *
outset_new(const struct outpart *parts)
{
	struct outset *set = alloc_zero(1, sizeof(*set));

	for (; parts->word != NULL; parts++)
		add_part(set, parts->word, parts->file)->settings =
		    parts->settings;
	return set;
}

void
outset_free(struct outset **set)
{
	if (*set == NULL)
		return;
	for (size_t i = 0; i < (*set)->count; i++) {
		struct outset_part *part = &(*set)->parts[i];

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

static struct outset_part *
find(const struct outset *set, const char *word)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->parts[i].word, word) == 0)
			return &set->parts[i];
	abort(); /* a word that the import does not list */
}

static FILE *
stream_of(struct outset_part *part)
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
	const struct outset_part *first = find(set, word);

	return stream_of(add_part(set, first->word, name));
}

static bool
is_wanted(const struct outset_part *part, const char *only)
{
	return part->stream != NULL &&
	       (only == NULL || strcmp(only, part->word) == 0);
}

void
outset_print(struct outset *set, const char *only, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < set->count; i++) {
		struct outset_part *part = &set->parts[i];

		if (!is_wanted(part, only))
			continue;
		if (!first)
			fprintf(out, "--- %s\n", part->name);
		first = false;
		fflush(part->stream);
		fwrite(part->memory->text, 1, part->memory->len, out);
	}
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
