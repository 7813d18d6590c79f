#include "base/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum { FIRST_SIZE = 16 * 1024 };

char *
readfile_fd(int fd, const char *file, size_t max, size_t *len, struct err *err)
{
	size_t size = FIRST_SIZE;
	char *text = alloc_resize(NULL, size, 1);
	ssize_t got;

	*len = 0;
	/* One byte is left free for the NUL. */
	while ((got = read(fd, text + *len, size - *len - 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_set(err, "%s: read: %s", file, strerror(errno));
			break;
		}
		*len += (size_t)got;
		if (*len > max) {
			err_set(err, "%s: larger than %zu bytes", file, max);
			break;
		}
		if (*len == size - 1)
			text = alloc_resize(text, size *= 2, 1);
	}
	if (got == 0) {
		text[*len] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

char *
readfile(const char *file, size_t max, size_t *len, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text;

	if (fd < 0) {
		err_set(err, "%s: open: %s", file, strerror(errno));
		return NULL;
	}
	text = readfile_fd(fd, file, max, len, err);
	close(fd);
	return text;
}
