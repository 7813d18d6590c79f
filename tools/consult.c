#include "tools/consult.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum { STREAMS = 3 };

/* Where the daemon is, to be freed; NULL: nowhere. */
static char *
find_daemon(void)
{
	char exe[PATH_MAX], *slash, *path;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len > 0) {
		exe[len] = '\0';
		slash = strrchr(exe, '/');
		path = alloc_format("%.*s/pop-before-smtp", (int)(slash - exe),
				    exe);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	path = alloc_string(SBIN_DIR "/pop-before-smtp");
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* The environment but for $NOTIFY_SOCKET: who waits there for a daemon to be
 * ready does not wait for this one. */
static char **
environment(void)
{
	char **copy, **out, **p;
	size_t n = 0;

	for (p = environ; *p != NULL; p++)
		n++;
	out = copy = alloc_zero(n + 1, sizeof(*copy));
	for (p = environ; *p != NULL; p++)
		if (strncmp(*p, "NOTIFY_SOCKET=", 14) != 0)
			*out++ = *p;
	return copy;
}

/* Files, not pipes: nobody waits for anybody. */
static int
spawn(const char *path, char *const *argv, FILE *const *streams, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char **env = environment();
	int i, r;

	posix_spawn_file_actions_init(&actions);
	for (i = 0; i < STREAMS; i++)
		posix_spawn_file_actions_adddup2(&actions, fileno(streams[i]),
						 i);
	r = posix_spawn(pid, path, &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	free(env);
	return r;
}

static char *
read_all(FILE *in)
{
	char *text = NULL, buffer[4096];
	size_t n, len;
	FILE *out = open_memstream(&text, &len);

	rewind(in);
	while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		fwrite(buffer, 1, n, out);
	fclose(out);
	return text;
}

/* The last line of what it said: why it would not. */
static int
take_reason(FILE *in, struct err *err)
{
	char *text = read_all(in), *line;
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (strncmp(line, "error: ", 7) == 0)
		line += 7;
	err_set(err, "%s", *line ? line : "pop-before-smtp failed");
	free(text);
	return -1;
}

static int
run(const char *path, char *const *argv, FILE *const *streams, char **said,
    struct err *err)
{
	pid_t pid;
	int status, r = spawn(path, argv, streams, &pid);

	if (r != 0)
		return err_set(err, "%s: %s", path, strerror(r));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return take_reason(streams[STDERR_FILENO], err);
	*said = read_all(streams[STDOUT_FILENO]);
	return 0;
}

static int
run_with_streams(const char *path, char *const *argv, const char *input,
		 size_t len, char **said, struct err *err)
{
	FILE *streams[STREAMS] = {NULL};
	int i, r = 0;

	for (i = 0; i < STREAMS && r == 0; i++) {
		streams[i] = tmpfile();
		if (streams[i] == NULL)
			r = err_set(err, "a temporary file: %s",
				    strerror(errno));
	}
	if (r == 0) {
		fwrite(input, 1, len, streams[STDIN_FILENO]);
		rewind(streams[STDIN_FILENO]);
		r = run(path, argv, streams, said, err);
	}
	for (i = 0; i < STREAMS; i++)
		if (streams[i] != NULL)
			fclose(streams[i]);
	return r;
}

int
consult(const char *const *flags, const char *input, size_t len, char **said,
	struct err *err)
{
	char *path = find_daemon();
	struct strings words = {0};
	int r;

	if (path == NULL)
		return 1;
	strings_add(&words, "pop-before-smtp");
	for (; *flags != NULL; flags++)
		strings_add(&words, *flags);
	/* exec(3)'s list ends with NULL. */
	words.list =
	    alloc_resize(words.list, words.count + 1, sizeof(*words.list));
	words.list[words.count] = NULL;
	r = run_with_streams(path, words.list, input, len, said, err);
	strings_clear(&words);
	free(path);
	return r;
}
