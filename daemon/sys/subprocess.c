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
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

extern char **environ;

/* What it says on its standard error: the end of that. */
struct complaint {
	int fd; /* -1: it says no more */
	char text[1024];
	size_t len;
};

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

/* false: nothing is there, or will be. */
static bool
take_errors(struct complaint *c)
{
	ssize_t n;

	if (c->len == sizeof(c->text)) { /* the end is what counts */
		c->len /= 2;
		memmove(c->text, c->text + c->len, c->len);
	}
	n = read(c->fd, c->text + c->len, sizeof(c->text) - c->len);
	if (n > 0)
		c->len += (size_t)n;
	if (n == 0) {
		close(c->fd);
		c->fd = -1;
	}
	return n > 0;
}

/* 1: fd has something, 0: the time is over. */
static int
wait_readable(int fd, struct complaint *complaint, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
				       {.fd = complaint->fd, .events = POLLIN}};
		int n = poll(fds, 2, left > 0 ? (int)left : 0);

		if (n > 0 && fds[1].revents != 0)
			take_errors(complaint);
		if (n <= 0 ? n == 0 || errno != EINTR : fds[0].revents != 0)
			return n > 0;
	}
}

static int
read_output(int fd, struct complaint *complaint, int64_t deadline,
	    char **output, struct err *err)
{
	size_t len = 0, size = 4096;
	ssize_t n;

	*output = alloc_resize(NULL, size, 1);
	while (wait_readable(fd, complaint, deadline)) {
		n = read(fd, *output + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(*output)[len] = '\0';
			return 0;
		}
		len += (size_t)n;
		if (len >= SUBPROCESS_OUTPUT_MAX)
			return err_set(err, "says more than %d bytes",
				       SUBPROCESS_OUTPUT_MAX);
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

/* What it said last is why it failed; before it come warnings. */
static char *
last_line(struct complaint *c)
{
	size_t end, begin;

	while (c->fd >= 0 && take_errors(c))
		;
	for (end = c->len; end > 0 && c->text[end - 1] == '\n'; end--)
		;
	for (begin = end; begin > 0 && c->text[begin - 1] != '\n'; begin--)
		;
	return alloc_bytes(c->text + begin, end - begin);
}

/* Who is out of time may have said why: Postfix's programs sleep before they
 * end in anger. */
static int
give_up(pid_t pid, struct complaint *complaint, int64_t deadline,
	struct err *err)
{
	struct err why = *err, ignored;
	char *last;

	kill(pid, SIGKILL);
	reap(pid, deadline, &ignored);
	last = last_line(complaint);
	if (*last != '\0')
		err_set(err, "%s: %s", why.text, last);
	free(last);
	return -1;
}

static int
listen_to(pid_t pid, int fd, struct complaint *complaint, int timeout_ms,
	  char **output, struct err *err)
{
	int64_t deadline = now_ms() + timeout_ms;
	int result;

	if (read_output(fd, complaint, deadline, output, err) != 0)
		return give_up(pid, complaint, deadline, err);
	result = reap(pid, deadline, err);
	if (result > 0) {
		free(*output);
		*output = last_line(complaint);
	}
	return result;
}

static int
converse(const char *const *argv, int timeout_ms, char **output,
	 struct err *err)
{
	struct complaint complaint = {.len = 0};
	int pipes[2], errors[2], result;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	if (pipe2(errors, O_CLOEXEC) != 0) {
		close(pipes[0]);
		close(pipes[1]);
		return err_set(err, "pipe: %s", strerror(errno));
	}
	/* What it leaves behind may keep the other end. */
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	complaint.fd = errors[0];
	result = start(&pid, argv, pipes[1], errors[1], err);
	close(pipes[1]);
	close(errors[1]);
	if (result == 0)
		result = listen_to(pid, pipes[0], &complaint, timeout_ms,
				   output, err);
	close(pipes[0]);
	if (complaint.fd >= 0)
		close(complaint.fd);
	return result;
}

int
subprocess_run(const char *const *argv, int timeout_ms, char **output,
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
