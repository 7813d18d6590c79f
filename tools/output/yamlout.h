/*
 * yamlout: text as a YAML scalar.
 */
#ifndef TOOLS_OUTPUT_YAMLOUT_H
#define TOOLS_OUTPUT_YAMLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether the text can be written in single quotes, on one line: UTF-8 without
 * control characters. */
bool yamlout_can_quote(const char *text, size_t len);

/* In single quotes. */
void yamlout_quote(FILE *, const char *text, size_t len);

#endif
