#include "daemon/sys/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/monotonic.h"

extern char **environ;

/* The end of what the program prints on its standard error. */
struct error_text {
	int fd; /* -1: it has closed it */
	char text[1024];
	size_t len;
};

static const char *const directories[] = {"/usr/sbin", "/usr/local/sbin",
					  "/sbin", NULL};

/* Unblocks all signals in the child, since the loop blocks those it reads. */
static void
default_signals(posix_spawnattr_t *attr)
{
	sigset_t none, ignored;

	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGXFSZ);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &ignored);
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
start(pid_t *pid, const char *const *argv, int output, int errors,
      struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	default_signals(&attr);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_adddup2(&actions, errors, 2);
	error = spawn_somewhere(pid, argv, &actions, &attr);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error == 0 ? 0 : err_set(err, "%s", strerror(error));
}

/* Reads some of the standard error. False if there is nothing to read. */
static bool
take_errors(struct error_text *e)
{
	ssize_t n;

	if (e->len == sizeof(e->text)) { /* keep the end */
		e->len /= 2;
		memmove(e->text, e->text + e->len, e->len);
	}
	n = read(e->fd, e->text + e->len, sizeof(e->text) - e->len);
	if (n > 0)
		e->len += (size_t)n;
	if (n == 0) {
		close(e->fd);
		e->fd = -1;
	}
	return n > 0;
}

/* Waits for output; meanwhile reads errors. 1: fd is readable, 0: timeout. */
static int
wait_readable(int fd, struct error_text *errors, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - monotonic_ms();
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
				       {.fd = errors->fd, .events = POLLIN}};
		int n = poll(fds, 2, left > 0 ? (int)left : 0);

		if (n > 0 && fds[1].revents != 0)
			take_errors(errors);
		if (n <= 0 ? n == 0 || errno != EINTR : fds[0].revents != 0)
			return n > 0;
	}
}

static int
read_output(int fd, struct error_text *errors, int64_t deadline, char **output,
	    struct err *err)
{
	size_t len = 0, size = 4096;
	ssize_t n;

	*output = alloc_resize(NULL, size, 1);
	while (wait_readable(fd, errors, deadline)) {
		n = read(fd, *output + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(*output)[len] = '\0';
			return 0;
		}
		len += (size_t)n;
		if (len >= SUBPROCESS_OUTPUT_MAX)
			return err_set(err, "printed more than %d bytes",
				       SUBPROCESS_OUTPUT_MAX);
		if (len == size - 1)
			*output = alloc_resize(*output, size *= 2, 1);
	}
	return err_set(err, "no answer in time");
}

/* Waits for the exit of a program that has closed its output, and kills it if
 * that takes too long. */
static int
reap(pid_t pid, int64_t deadline, struct err *err)
{
	int status;
	pid_t done;

	while ((done = waitpid(pid, &status, WNOHANG)) != pid) {
		if (done < 0 && errno != EINTR)
			return err_set(err, "waitpid: %s", strerror(errno));
		if (monotonic_ms() >= deadline)
			kill(pid, SIGKILL);
		poll(NULL, 0, 1);
	}
	if (WIFSIGNALED(status))
		return err_set(err, "killed by signal %d", WTERMSIG(status));
	/* posix_spawn(3) may also report in this way that there is no such
	 * program. */
	if (WEXITSTATUS(status) == 127)
		return err_set(err, "%s", strerror(ENOENT));
	return WEXITSTATUS(status);
}

/* The last line tells why the program failed; the lines before are warnings. */
static char *
last_line(struct error_text *e)
{
	size_t end, begin;

	while (e->fd >= 0 && take_errors(e))
		;
	for (end = e->len; end > 0 && e->text[end - 1] == '\n'; end--)
		;
	for (begin = end; begin > 0 && e->text[begin - 1] != '\n'; begin--)
		;
	return alloc_bytes(e->text + begin, end - begin);
}

/* A program that took too long may have printed why: Postfix's programs sleep
 * before they exit after a fatal error. */
static int
give_up(pid_t pid, struct error_text *errors, int64_t deadline, struct err *err)
{
	struct err why = *err, ignored;
	char *last;

	kill(pid, SIGKILL);
	reap(pid, deadline, &ignored);
	last = last_line(errors);
	if (*last != '\0')
		err_set(err, "%s: %s", why.text, last);
	free(last);
	return -1;
}

static int
read_answer(pid_t pid, int fd, struct error_text *errors, int timeout_ms,
	    char **output, struct err *err)
{
	int64_t deadline = monotonic_ms() + timeout_ms;
	int result;

	if (read_output(fd, errors, deadline, output, err) != 0)
		return give_up(pid, errors, deadline, err);
	result = reap(pid, deadline, err);
	if (result > 0) {
		free(*output);
		*output = last_line(errors);
	}
	return result;
}

static int
spawn_and_read(const char *const *argv, int timeout_ms, char **output,
	       struct err *err)
{
	struct error_text text = {.len = 0};
	int pipes[2], errors[2], result;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	if (pipe2(errors, O_CLOEXEC) != 0) {
		close(pipes[0]);
		close(pipes[1]);
		return err_set(err, "pipe: %s", strerror(errno));
	}
	/* A child of the program may keep the other end open. */
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	text.fd = errors[0];
	result = start(&pid, argv, pipes[1], errors[1], err);
	close(pipes[1]);
	close(errors[1]);
	if (result == 0)
		result =
		    read_answer(pid, pipes[0], &text, timeout_ms, output, err);
	close(pipes[0]);
	if (text.fd >= 0)
		close(text.fd);
	return result;
}

int
subprocess_run(const char *const *argv, int timeout_ms, char **output,
	       struct err *err)
{
	int result;

	*output = NULL;
	result = spawn_and_read(argv, timeout_ms, output, err);
	if (result < 0) {
		free(*output);
		*output = NULL;
		return err_prefix(err, "%s", argv[0]);
	}
	return result;
}
