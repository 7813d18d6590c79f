/* The client's side of daemon/control.h. */
#include "daemon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ctlsocket.h"

/* The last line says how it went. */
static enum control_reply
judge(const char *last, struct err *err)
{
	if (strcmp(last, "ok\n") == 0)
		return CONTROL_YES;
	if (strncmp(last, "no ", 3) == 0) {
		err_set(err, "%.*s", (int)strcspn(last + 3, "\n"), last + 3);
		return CONTROL_NO;
	}
	if (strncmp(last, "error ", 6) == 0)
		err_set(err, "%.*s", (int)strcspn(last + 6, "\n"), last + 6);
	else
		err_set(err, "the answer broke off");
	return CONTROL_FAILED;
}

static bool
is_last(const char *line)
{
	return strcmp(line, "ok\n") == 0 || strncmp(line, "no ", 3) == 0 ||
	       strncmp(line, "error ", 6) == 0;
}

static enum control_reply
copy_answer(FILE *in, FILE *out, struct err *err)
{
	enum control_reply reply;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, in)) > 0 && !is_last(line))
		fputs(line, out);
	reply = judge(len > 0 ? line : "", err);
	free(line);
	return reply;
}

enum control_reply
control_ask(const char *path, const char *request, FILE *out, struct err *err)
{
	enum control_reply reply = CONTROL_FAILED;
	int fd = ctlsocket_connect(path, CONTROL_PATIENCE_MS);
	char *line;
	FILE *in;

	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED)) {
		err_set(err, "%s: nobody listens there", path);
		return CONTROL_NOBODY;
	}
	if (fd < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		return CONTROL_FAILED;
	}
	line = alloc_format("%s\n", request);
	in = fdopen(fd, "r");
	if (in == NULL ||
	    send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		err_set(err, "%s: %s", path, strerror(errno));
	else
		reply = copy_answer(in, out, err);
	free(line);
	if (in != NULL)
		fclose(in);
	else
		close(fd);
	return reply;
}
