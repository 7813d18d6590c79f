/*
 * patterndir: where the pattern files are.
 */
#ifndef PATTERNS_MATCH_PATTERNDIR_H
#define PATTERNS_MATCH_PATTERNDIR_H

#include <stddef.h>

struct err;
struct strings;

/*
 * The directory of the patterns that came with this program, to be freed by
 * the caller: the installed one; or, when the program runs from a build
 * directory (".../build*" with patterns/ beside it), that source tree's.
 */
char *patterndir_default(void);

/*
 * Adds the paths of all *.yaml, in the order of their names; of two with the
 * same name the later directory's counts. A single file may stand for a
 * directory. 0; -1: one cannot be read.
 */
int patterndir_files(const char *const *dirs, size_t ndirs, struct strings *out,
    struct err *);

#endif
