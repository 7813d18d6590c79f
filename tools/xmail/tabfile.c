#include "tools/xmail/tabfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"

enum { FILE_MAX = 256 * 1024 * 1024, SEEN_BY_XMAIL = 511 };

struct tabfile {
	char *path, *text, *at, *end;
	size_t number;
};

static char *
read_regular(int fd, const char *path, size_t *len, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return readfile_fd(fd, path, FILE_MAX, len, err);
	err_set(err, "%s: is not a regular file", path);
	return NULL;
}

int
tabfile_open(struct tabfile **out, const char *path, struct err *err)
{
	/* A FIFO would wait for its other end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	char *text;

	*out = NULL;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(err, "%s: open: %s", path, strerror(errno));
	text = read_regular(fd, path, &len, err);
	close(fd);
	if (text == NULL)
		return -1;
	*out = alloc_zero(1, sizeof(**out));
	(*out)->path = alloc_string(path);
	(*out)->text = (*out)->at = text;
	(*out)->end = text + len;
	return 1;
}

void
tabfile_close(struct tabfile **file)
{
	if (*file == NULL)
		return;
	free((*file)->path);
	free((*file)->text);
	free(*file);
	*file = NULL;
}

/* The next line as XMail sees it; NULL at the end. */
static char *
next_line(struct tabfile *file, bool *cut)
{
	char *line = file->at, *end;
	size_t len;

	if (line == file->end)
		return NULL;
	end = memchr(line, '\n', (size_t)(file->end - line));
	file->at = end != NULL ? end + 1 : file->end;
	if (end == NULL)
		end = file->end;
	while (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	len = (size_t)(end - line);
	*cut = len > SEEN_BY_XMAIL || memchr(line, '\0', len) != NULL;
	if (len > SEEN_BY_XMAIL)
		line[SEEN_BY_XMAIL] = '\0';
	file->number++;
	return line;
}

/* In place. */
static char *
without_quotes(char *field)
{
	char *from, *to = field;

	if (*field != '"')
		return field;
	for (from = field + 1; *from != '\0' && *from != '"'; from++) {
		if (*from == '\\' && from[1] == '"')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return field;
}

static void
split(struct tabline *line, char *text)
{
	char *field;

	line->count = 0;
	while ((field = strtok_r(text, "\t", &text)) != NULL)
		if (line->count < TABLINE_FIELDS)
			line->fields[line->count++] = without_quotes(field);
	for (size_t i = line->count; i < TABLINE_FIELDS; i++)
		line->fields[i] = "";
}

bool
tabfile_next(struct tabfile *file, struct tabline *line)
{
	char *text;

	while ((text = next_line(file, &line->cut)) != NULL) {
		if (*text == '#')
			continue;
		split(line, text);
		if (line->count == 0)
			continue;
		line->place = (struct place){file->path, file->number};
		return true;
	}
	return false;
}
