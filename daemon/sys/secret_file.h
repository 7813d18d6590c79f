/*
 * secret_file: reads a file that holds a password or a key. It must be a
 * regular file that nobody but its owner and its group may read, and nobody but
 * its owner may write.
 */
#ifndef DAEMON_SYS_SECRET_FILE_H
#define DAEMON_SYS_SECRET_FILE_H

#include <stddef.h>

struct err;

/* The contents, of 1 to max bytes, with a final NUL; the caller overwrites and
 * frees them. NULL: err says "file: why", with mode and owner if these are the
 * reason, and never repeats what the file holds. */
char *secret_file_read(const char *file, size_t max, struct err *);

#endif
