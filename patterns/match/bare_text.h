/*
 * bare_text: takes the samples out of a pattern file before it is parsed.
 *
 * Most of a pattern file are samples and comments, and who only matches lines
 * needs neither. This knows no YAML, but one layout, in which the files that we
 * ship are written: line by line, two columns for each level.
 */
#ifndef PATTERNS_MATCH_BARE_TEXT_H
#define PATTERNS_MATCH_BARE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Empties the lines that are comments or part of samples; the others keep their
 * number. A NUL follows the text. false: the text is as it was, because it has a
 * line of another form, which may mean anything.
 *
 * What is taken out is YAML without mistakes, and only has keys that samples
 * have. The rest therefore parses as before, with the same errors.
 */
bool bare_text(char *text, size_t *len);

#endif
