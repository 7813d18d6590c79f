/* utf8: finds characters in UTF-8 text (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the first character of bytes, 1 to 4. Never reads more than
 * left bytes, which must be at least 1. 0: the character is not well-formed: an
 * overlong form, a surrogate, beyond U+10FFFF, or cut off.
 */
size_t utf8_length(const unsigned char *bytes, size_t left);

/* Whether a well-formed character is a control character: U+0000 to U+001F,
 * U+007F, or U+0080 to U+009F. */
bool utf8_is_control(const unsigned char *character);

#endif
