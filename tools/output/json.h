/*
 * json: strings for --json.
 */
#ifndef TOOLS_OUTPUT_JSON_H
#define TOOLS_OUTPUT_JSON_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes bytes as a JSON string, with its quotes, or null for NULL. Valid UTF-8
 * is kept; any other byte XX is written as \u00XX, as if it were Latin-1.
 */
void json_string(FILE *, const char *bytes, size_t len);

#endif
