/*
 * outset: the files that an import makes: tables, and settings that name them.
 * They are built in memory; only when all has been read and judged are they
 * printed, or written to a directory, each replaced as a whole.
 */
#ifndef TOOLS_POSTFIX_OUTSET_H
#define TOOLS_POSTFIX_OUTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;

/* What an import can make. */
struct outpart {
	const char *word; /* for --only */
	const char *file; /* in the directory */
	bool settings;	  /* to be read by a person, not a table */
};

struct outset;

/* parts ends with a word that is NULL, and is borrowed. The first comes last in
 * a directory: it names the others. */
struct outset *outset_new(const struct outpart *parts);
void outset_free(struct outset **);

/* The names of all parts, ending with NULL; free() the list. */
const char **outset_words(const struct outpart *parts);

/* Where to write a part; made by the first call, closed by outset_free(). */
FILE *outset_stream(struct outset *, const char *word);
/* The same for one more file of this part. */
FILE *outset_more(struct outset *, const char *word, const char *file);

/* In a directory, the part is also written as a map of this type, which is
 * borrowed (maps/string_map.h): each of its lines is a key, a TAB and "ok", and
 * they are sorted. */
void outset_also_map(struct outset *, const char *word, const char *type);

/* Prints one part, or with NULL all: "--- FILE" before each but the first. */
void outset_print(struct outset *, const char *only, FILE *);

/* The absolute name of a directory, to be freed, for main.cf. NULL: see err; it
 * cannot be written there. */
char *outset_directory(const char *directory, struct err *);

#endif
