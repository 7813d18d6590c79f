/* utf8: where a character ends, as RFC 3629 has it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the character that bytes begin with, 1 to 4; never reads beyond
 * left, which is at least 1. 0: no well-formed UTF-8, such as overlong forms,
 * surrogates, what lies beyond U+10FFFF, or one that is cut off.
 */
size_t utf8_length(const unsigned char *bytes, size_t left);

/* Whether a well-formed character is a control: U+0000 to U+001F, U+007F, and
 * C1's, U+0080 to U+009F. */
bool utf8_is_control(const unsigned char *character);

#endif
