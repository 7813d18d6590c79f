#include "tools/settings.h"

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
#include "base/yamltree.h"
#include "patterns/patterndir.h"

extern char **environ;

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

static FILE *
start(const char *path, const char *config, FILE *said, pid_t *pid)
{
	char *flag = config ? alloc_format("--config=%s", config) : NULL;
	char name[] = "pop-before-smtp", dump[] = "--dumpconfig";
	char *argv[] = {name, dump, flag, NULL};
	posix_spawn_file_actions_t actions;
	FILE *out = NULL;
	int ends[2];

	if (pipe(ends) < 0) {
		free(flag);
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(said), STDERR_FILENO);
	if (posix_spawn(pid, path, &actions, NULL, argv, environ) == 0)
		out = fdopen(ends[0], "r");
	else
		close(ends[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	free(flag);
	return out;
}

static char *
read_all(FILE *in, size_t *len)
{
	char *text = NULL, buffer[4096];
	FILE *out = open_memstream(&text, len);
	size_t n;

	while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		fwrite(buffer, 1, n, out);
	fclose(out);
	return text;
}

/* The last line of what it said: why it would not start. */
static int
take_reason(FILE *said, struct err *err)
{
	size_t len;
	char *text, *line;

	rewind(said);
	text = read_all(said, &len);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (strncmp(line, "error: ", 7) == 0)
		line += 7;
	err_set(err, "%s", *line ? line : "pop-before-smtp --dumpconfig fails");
	free(text);
	return -1;
}

static int
take_patterns(const char *text, size_t len, struct strings *patterns,
	      struct err *err)
{
	struct yaml_tree *tree = yaml_parse("--dumpconfig", text, len, err);
	const struct yaml_node *list;

	if (tree == NULL)
		return -1;
	list = yaml_get(yaml_root(tree), "patterns");
	for (size_t i = 0; list != NULL && i < list->count; i++)
		strings_add(patterns, list->items[i]->text);
	yaml_tree_free(&tree);
	return 0;
}

static int
ask(const char *path, const char *config, FILE *said, struct strings *patterns,
    struct err *err)
{
	pid_t pid;
	FILE *out = start(path, config, said, &pid);
	size_t len;
	char *text;
	int status, r;

	if (out == NULL)
		return err_set(err, "%s: %s", path, strerror(errno));
	text = read_all(out, &len);
	fclose(out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		r = take_patterns(text, len, patterns, err);
	else
		r = take_reason(said, err);
	free(text);
	return r;
}

int
settings_ask(const char *config, struct strings *patterns, struct err *err)
{
	char *path = find_daemon();
	FILE *said;
	int r = 1;

	if (path == NULL)
		return r;
	said = tmpfile();
	if (said == NULL) {
		r = err_set(err, "a temporary file: %s", strerror(errno));
	} else {
		r = ask(path, config, said, patterns, err);
		fclose(said);
	}
	free(path);
	return r;
}

void
settings_defaults(struct strings *patterns)
{
	static const char local[] = SYSCONF_DIR "/pop-before-smtp/patterns";
	char *dir = patterndir_default();

	strings_add(patterns, dir);
	free(dir);
	if (access(local, F_OK) == 0)
		strings_add(patterns, local);
}
