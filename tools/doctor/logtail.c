#include "tools/doctor/logtail.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

static char *
read_end(int fd, off_t size, size_t max, size_t *len)
{
	off_t from = size > (off_t)max ? size - (off_t)max : 0;
	char *text = alloc_zero(max + 1, 1), *first = text, *last;
	ssize_t n = pread(fd, text, max, from);

	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	last = memrchr(text, '\n', (size_t)n);
	if (from > 0)
		first = memchr(text, '\n', (size_t)n);
	if (last == NULL || first == NULL) {
		*len = 0;
		*text = '\0';
		return text;
	}
	first += from > 0;
	last[1] = '\0';
	*len = (size_t)(last + 1 - first);
	memmove(text, first, *len + 1);
	return text;
}

char *
logtail_read(const char *path, size_t max, size_t *len)
{
	struct stat st;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		text = read_end(fd, st.st_size, max, len);
	close(fd);
	return text;
}
