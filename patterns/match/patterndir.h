/*
 * patterndir: finds the pattern files.
 */
#ifndef PATTERNS_MATCH_PATTERNDIR_H
#define PATTERNS_MATCH_PATTERNDIR_H

#include <stddef.h>

struct err;
struct strings;

/*
 * The directory of the patterns that came with this program; the caller frees
 * it. This is the installed directory or, if the program runs from a build
 * directory (".../build*" with patterns/ beside it), that of the source tree.
 */
char *patterndir_default(void);

/*
 * Adds the paths of all *.yaml files of the directories, sorted by file name.
 * Of two files of the same name only that of the later directory is added. In
 * place of a directory there may be a single file. Returns 0, or -1 and err if
 * a directory cannot be read.
 */
int patterndir_files(const char *const *dirs, size_t ndirs, struct strings *out,
    struct err *);

#endif
