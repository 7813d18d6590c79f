/*
 * readfile: reads a whole file into memory.
 *
 * For files that should be small, such as configuration: a file that is larger
 * than the caller expects is an error, and is never read in part.
 */
#ifndef BASE_READFILE_H
#define BASE_READFILE_H

#include <stddef.h>

struct err;

/*
 * Returns the bytes of the file with a final NUL, which *len does not count;
 * the caller frees them. NULL: the file cannot be read or is larger than max
 * bytes; err says "file: why".
 */
char *readfile(const char *file, size_t max, size_t *len, struct err *);

/* The same from the current position of a descriptor. file: for messages. */
char *readfile_fd(int fd, const char *file, size_t max, size_t *len,
    struct err *);

#endif
