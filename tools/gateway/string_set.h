/*
 * string_set: different strings, found by their text, in the order in which
 * they were added or sorted.
 *
 * Made for lists of a million addresses: a string takes its own length and 12
 * to 25 bytes. The hash is seeded (base/hash.h), so strangers may choose the
 * strings. All strings together may have STRING_SET_BYTES; the caller limits
 * its input so that they fit.
 */
#ifndef TOOLS_GATEWAY_STRING_SET_H
#define TOOLS_GATEWAY_STRING_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRING_SET_BYTES ((size_t)UINT32_MAX - 1)

struct string_set;

struct string_set *string_set_new(void);
void string_set_free(struct string_set **);

/* Copies the string, which must have no NUL. false: it is already there. */
bool string_set_add(struct string_set *, const char *bytes, size_t len);
bool string_set_has(const struct string_set *, const char *bytes, size_t len);
size_t string_set_count(const struct string_set *);

/* Sorts by strcmp(3). Strings that are added later come after all others. */
void string_set_sort(struct string_set *);
/* Number i in this order; valid until the next string is added. */
const char *string_set_at(const struct string_set *, size_t i);

#endif
