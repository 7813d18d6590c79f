/*
 * json: strings for --json.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes bytes as a JSON string, quotes included; NULL as null. What is UTF-8
 * stays as it is; each byte that is none is written as \u00XX, XX its value,
 * as if it were Latin-1.
 */
void json_string(FILE *, const char *bytes, size_t len);

#endif
