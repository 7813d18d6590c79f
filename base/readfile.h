/*
 * readfile: a whole file in memory, up to a bound.
 *
 * For files that are small by their nature, such as configuration; what is
 * larger than the caller expects is an error, not a part of the file.
 */
#ifndef BASE_READFILE_H
#define BASE_READFILE_H

#include <stddef.h>

struct err;

/*
 * The bytes of a file and a NUL after them, to be freed by the caller; *len
 * does not count the NUL. NULL: the file cannot be read or is larger than max
 * bytes; err says "file: why".
 */
char *readfile(const char *file, size_t max, size_t *len, struct err *);

/* The same from an open descriptor, from where it is. file: for messages. */
char *readfile_fd(int fd, const char *file, size_t max, size_t *len,
    struct err *);

#endif
