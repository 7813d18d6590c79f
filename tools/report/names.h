/*
 * names: numbers for texts, from 0 in the order of their first appearance.
 */
#ifndef TOOLS_REPORT_NAMES_H
#define TOOLS_REPORT_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names;

struct names *names_new(void);
void names_free(struct names **);

/* The number of these bytes, which are copied if they are new. */
uint32_t names_number(struct names *, const char *bytes, size_t len);

size_t names_count(const struct names *);
/* The bytes of a number; borrowed until names_free(). */
const char *names_text(const struct names *, uint32_t number, size_t *len);

#endif
