#include "base/ctlsocket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/unixsocket.h"

char *
ctlsocket_path(const char *state)
{
	size_t len = strlen(state);

	if (len > 6 && strcmp(state + len - 6, ".state") == 0)
		len -= 6;
	return alloc_format("%.*s.ctl", (int)len, state);
}

/* Parses the last line of an answer. */
static enum ctlsocket_reply
parse_last(const char *last, struct err *err)
{
	if (strcmp(last, "ok\n") == 0)
		return CTLSOCKET_YES;
	if (strncmp(last, "no ", 3) == 0) {
		err_set(err, "%.*s", (int)strcspn(last + 3, "\n"), last + 3);
		return CTLSOCKET_NO;
	}
	if (strncmp(last, "error ", 6) == 0)
		err_set(err, "%.*s", (int)strcspn(last + 6, "\n"), last + 6);
	else
		err_set(err, "the answer is incomplete");
	return CTLSOCKET_FAILED;
}

static bool
is_last(const char *line)
{
	return strcmp(line, "ok\n") == 0 || strncmp(line, "no ", 3) == 0 ||
	       strncmp(line, "error ", 6) == 0;
}

static enum ctlsocket_reply
copy_answer(FILE *in, FILE *out, struct err *err)
{
	enum ctlsocket_reply reply;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	bool late;

	while ((len = getline(&line, &size, in)) > 0 && !is_last(line))
		fputs(line, out);
	late = len <= 0 && ferror(in) && errno == EAGAIN;
	reply = parse_last(len > 0 ? line : "", err);
	if (late)
		err_set(err, "the daemon does not answer within %d s",
			CTLSOCKET_TIMEOUT_MS / 1000);
	free(line);
	return reply;
}

int
ctlsocket_send(const char *path, const char *request, int timeout_ms,
	       enum ctlsocket_reply *failure, struct err *err)
{
	int fd = unixsocket_connect(path, timeout_ms);
	char *line;
	ssize_t sent, len;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR ||
		       errno == ECONNREFUSED)) {
		*failure = CTLSOCKET_NOBODY;
		return err_set(err, "%s: no process listens there", path);
	}
	*failure = CTLSOCKET_FAILED;
	if (fd < 0)
		return err_set(err, "%s: %s%s", path, strerror(errno),
			       errno == EACCES
				   ? "; root may ask, and the user and the "
				     "group of the daemon"
				   : "");
	line = alloc_format("%s\n", request);
	len = (ssize_t)strlen(line);
	sent = send(fd, line, (size_t)len, MSG_NOSIGNAL);
	free(line);
	if (sent == len)
		return fd;
	err_set(err, "%s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

enum ctlsocket_reply
ctlsocket_ask(const char *path, const char *request, FILE *out, struct err *err)
{
	enum ctlsocket_reply reply;
	int fd =
	    ctlsocket_send(path, request, CTLSOCKET_TIMEOUT_MS, &reply, err);
	FILE *in;

	if (fd < 0)
		return reply;
	in = fdopen(fd, "r");
	if (in == NULL) {
		err_set(err, "%s: %s", path, strerror(errno));
		close(fd);
		return CTLSOCKET_FAILED;
	}
	reply = copy_answer(in, out, err);
	fclose(in);
	return reply;
}

enum ctlsocket_reply
ctlsocket_cut(char *answer, struct err *err)
{
	size_t len = strlen(answer);
	enum ctlsocket_reply reply;
	char *last;

	if (len > 0 && answer[len - 1] == '\n')
		len--;
	while (len > 0 && answer[len - 1] != '\n')
		len--;
	last = answer + len;
	reply = parse_last(last, err);
	*last = '\0';
	return reply;
}
