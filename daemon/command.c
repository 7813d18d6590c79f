#include "daemon/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

extern char **environ;

static const char *const directories[] = {"/usr/sbin", "/usr/local/sbin",
					  "/sbin", NULL};

/* The loop's clock stands still while we wait here, so this one is read. */
static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The child starts with no signal blocked: the loop blocks those it reads. */
static void
default_signals(posix_spawnattr_t *attr)
{
	sigset_t none, pipe;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &pipe);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					   POSIX_SPAWN_SETSIGDEF);
}

static int
spawn_somewhere(pid_t *pid, const char *const *argv,
		const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attr)
{
	char *const *args = (char *const *)argv;
	int error = posix_spawnp(pid, argv[0], actions, attr, args, environ);

	for (size_t i = 0; error == ENOENT && directories[i] != NULL; i++) {
		char *path = alloc_format("%s/%s", directories[i], argv[0]);

		error = posix_spawn(pid, path, actions, attr, args, environ);
		free(path);
	}
	return error;
}

static int
start(pid_t *pid, const char *const *argv, int output, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	default_signals(&attr);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	error = spawn_somewhere(pid, argv, &actions, &attr);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error == 0 ? 0 : err_set(err, "%s", strerror(error));
}

/* 1: fd has something, 0: the time is over. */
static int
wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline - now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

static int
read_output(int fd, int64_t deadline, char **output, struct err *err)
{
	size_t len = 0, size = 4096;
	ssize_t n;

	*output = alloc_resize(NULL, size, 1);
	while (wait_readable(fd, deadline)) {
		n = read(fd, *output + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(*output)[len] = '\0';
			return 0;
		}
		len += (size_t)n;
		if (len >= COMMAND_OUTPUT_MAX)
			return err_set(err, "says more than %d bytes",
				       COMMAND_OUTPUT_MAX);
		if (len == size - 1)
			*output = alloc_resize(*output, size *= 2, 1);
	}
	return err_set(err, "no answer in time");
}

/* It has closed its output; whoever does that and lives on is killed. */
static int
reap(pid_t pid, int64_t deadline, struct err *err)
{
	int status;
	pid_t done;

	while ((done = waitpid(pid, &status, WNOHANG)) != pid) {
		if (done < 0 && errno != EINTR)
			return err_set(err, "waitpid: %s", strerror(errno));
		if (now_ms() >= deadline)
			kill(pid, SIGKILL);
		poll(NULL, 0, 1);
	}
	if (WIFSIGNALED(status))
		return err_set(err, "killed by signal %d", WTERMSIG(status));
	/* So too may posix_spawn(3) say that there is no such program. */
	if (WEXITSTATUS(status) == 127)
		return err_set(err, "%s", strerror(ENOENT));
	return WEXITSTATUS(status);
}

static int
converse(const char *const *argv, int timeout_ms, char **output,
	 struct err *err)
{
	int64_t deadline = now_ms() + timeout_ms;
	int pipes[2], result;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	result = start(&pid, argv, pipes[1], err);
	close(pipes[1]);
	if (result == 0) {
		struct err ignored;

		result = read_output(pipes[0], deadline, output, err);
		if (result != 0)
			kill(pid, SIGKILL);
		if (result == 0)
			result = reap(pid, deadline, err);
		else
			reap(pid, deadline, &ignored);
	}
	close(pipes[0]);
	return result;
}

int
command_run(const char *const *argv, int timeout_ms, char **output,
	    struct err *err)
{
	int result;

	*output = NULL;
	result = converse(argv, timeout_ms, output, err);
	if (result < 0) {
		free(*output);
		*output = NULL;
		return err_prefix(err, "%s", argv[0]);
	}
	return result;
}
