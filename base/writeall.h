/*
 * writeall: writes bytes to a descriptor, all of them.
 */
#ifndef BASE_WRITEALL_H
#define BASE_WRITEALL_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* Goes on after a signal and after a short write. 0; -1: some bytes may not have
 * been written, see errno. */
static inline int
writeall(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

#endif
