/*
 * json: strings for --json, and the UTF-8 in them.
 */
#ifndef TOOLS_OUTPUT_JSON_H
#define TOOLS_OUTPUT_JSON_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes bytes as a JSON string, quotes included; NULL as null. What is UTF-8
 * stays as it is; each byte that is none is written as \u00XX, XX its value,
 * as if it were Latin-1.
 */
void json_string(FILE *, const char *bytes, size_t len);

/* Bytes of the UTF-8 character at s, 0 = it is none (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
size_t utf8_length(const unsigned char *s, size_t len);

#endif
