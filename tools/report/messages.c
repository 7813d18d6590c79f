#include "tools/report/messages.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"

int
messages_begin(void)
{
	int fd = memfd_create("messages", MFD_CLOEXEC);
	int copy = fd >= 0 ? dup(fd) : -1;

	if (copy >= 0)
		log_adopt(copy, false);
	return fd;
}

/* "STAMP warning: TEXT" without what precedes the text; NULL: it is neither a
 * warning nor an error. */
static const char *
text_of(const char *line)
{
	static const char *const severities[] = {" warning: ", " error: "};
	const char *space = strchr(line, ' ');

	for (size_t i = 0; space != NULL && i < 2; i++)
		if (strncmp(space, severities[i], strlen(severities[i])) == 0)
			return space + strlen(severities[i]);
	return NULL;
}

/* Whether the list has it already: "waiting for FILE: why"
 * of a log that could not be opened, either. */
static bool
is_known(const struct strings *list, const char *text)
{
	size_t len = strlen(text), tail;

	for (size_t i = 0; i < list->count; i++) {
		tail = strlen(list->list[i]);
		if (tail <= len &&
		    strcmp(text + len - tail, list->list[i]) == 0)
			return true;
	}
	return false;
}

void
messages_end(int fd, struct strings *out)
{
	struct err err;
	char line[4096];
	const char *text;
	FILE *stream;

	log_open("/dev/null", false, &err);
	stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (stream == NULL)
		return;
	rewind(stream);
	while (fgets(line, sizeof(line), stream) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		text = text_of(line);
		if (text != NULL && !is_known(out, text))
			strings_add(out, text);
	}
	fclose(stream);
}
