#include "daemon/sys/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/subprocess.h"

enum {
	BYTES_MAX = 16000,
	ARGS_MAX = 5,
	FILE_MAX = 1024 * 1024, /* of a file that mynetworks names */
	SPARE_MS = 2000,	/* beyond the command's own time */
	PATIENCE_MS =
	    10000, /* whatever is asked for: it has to hear of an end */
};

/* A request: the arguments, a NUL behind each. An answer: the output, in as
 * many packets as it takes; the last one has the code. */
struct packet {
	uint32_t id, len;
	int32_t code, timeout_ms;
	uint32_t more;
	char bytes[BYTES_MAX];
};

static const size_t head_size = offsetof(struct packet, bytes);

struct helper {
	int end;
	pid_t pid;
	bool asks;   /* not in the keeper */
	uint32_t id; /* of the last request: answers to others are late */
	int idle_fd;
	helper_idle_fn *idle;
	void *idle_arg;
	struct packet packet;
};

/* ---- the helper itself ---- */

static bool
same(const char *const *argv, const char *const *words)
{
	while (*argv != NULL && *words != NULL && strcmp(*argv, *words) == 0) {
		argv++;
		words++;
	}
	return *argv == NULL && *words == NULL;
}

/* As a word of its own, as Postfix separates them. */
static bool
has_word(const char *text, const char *word)
{
	static const char separators[] = " \t\r\n,!";
	size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		if ((p == text || strchr(separators, p[-1]) != NULL) &&
		    (p[len] == '\0' || strchr(separators, p[len]) != NULL))
			return true;
	return false;
}

bool
helper_permits(const char *const *argv, const char *answers)
{
	static const char *const networks[] = {"postconf", "-x", "-h",
					       "mynetworks", NULL};
	static const char *const types[] = {"postconf", "-m", NULL};
	struct addr addr;

	if (same(argv, networks) || same(argv, types))
		return true;
	if (argv[0] == NULL || strcmp(argv[0], "postmap") != 0 ||
	    argv[1] == NULL || strcmp(argv[1], "-q") != 0 || argv[2] == NULL ||
	    argv[3] == NULL || argv[4] != NULL)
		return false;
	/* A file may hold any words; what is no table could be an option. */
	if (argv[3][0] == '-' || strchr(argv[3], ':') == NULL)
		return false;
	return addr_parse(&addr, argv[2], strlen(argv[2])) == 0 &&
	       has_word(answers, argv[3]);
}

static char *
append(char *text, const char *more, size_t len)
{
	char *longer = alloc_format("%s\n%.*s", text, (int)len, more);

	free(text);
	return longer;
}

/* Tables may also be named in files that mynetworks names. */
static char *
with_files(char *answer)
{
	char *all = alloc_string(answer), *words = alloc_string(answer), *at;
	char *bytes = alloc_zero(FILE_MAX, 1);

	for (char *word = strtok_r(words, " \t\r\n,!", &at); word != NULL;
	     word = strtok_r(NULL, " \t\r\n,!", &at)) {
		FILE *file = *word == '/' ? fopen(word, "re") : NULL;

		if (file == NULL)
			continue;
		all = append(all, bytes, fread(bytes, 1, FILE_MAX, file));
		fclose(file);
	}
	free(bytes);
	free(words);
	return all;
}

static int
reply(struct helper *a, const char *text, size_t len, int code)
{
	struct packet *p = &a->packet;

	do {
		p->len = (uint32_t)(len < BYTES_MAX ? len : BYTES_MAX);
		p->more = len > BYTES_MAX;
		p->code = code;
		memcpy(p->bytes, text, p->len);
		text += p->len;
		len -= p->len;
		if (send(a->end, p, head_size + p->len, MSG_NOSIGNAL) < 0)
			return -1;
	} while (p->more);
	return 0;
}

/* -1: none. */
static int
take_arguments(const struct packet *p, const char **argv)
{
	size_t count = 0;

	if (p->len == 0 || p->bytes[p->len - 1] != '\0')
		return -1;
	for (size_t at = 0; at < p->len; at += strlen(p->bytes + at) + 1) {
		if (count == ARGS_MAX)
			return -1;
		argv[count++] = p->bytes + at;
	}
	argv[count] = NULL;
	return 0;
}

static int
bounded(int timeout_ms)
{
	return timeout_ms < 0		  ? 0
	       : timeout_ms < PATIENCE_MS ? timeout_ms
					  : PATIENCE_MS;
}

static int
serve(struct helper *a, char **answers)
{
	const char *argv[ARGS_MAX + 1];
	char *output = NULL;
	struct err err;
	int code, result;

	if (take_arguments(&a->packet, argv) != 0 ||
	    !helper_permits(argv, *answers)) {
		err_set(&err, "not permitted");
		return reply(a, err.text, strlen(err.text), -1);
	}
	code = subprocess_run(argv, bounded(a->packet.timeout_ms), &output, &err);
	if (code == 0 && argv[1][1] == 'x') {
		free(*answers);
		*answers = with_files(output);
	}
	if (code < 0)
		result = reply(a, err.text, strlen(err.text), code);
	else
		result = reply(a, output, strlen(output), code);
	free(output);
	return result;
}

/* Signals are for the keeper: this one ends when nobody can ask it any more. */
static void
be_helper(struct helper *a, helper_left_fn *left, void *arg)
{
	const int kept[] = {a->end, log_descriptor()};
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1,
				      SIGPIPE};
	char *answers = alloc_string("");
	ssize_t n;

	prctl(PR_SET_NAME, "pbs-helper");
	/* Locks and maps are the keeper's alone. */
	daemonize_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	log_reconnect();
	daemonize_leave(daemonize_null());
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	for (;;) {
		n = recv(a->end, &a->packet, sizeof(a->packet), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)head_size ||
		    (size_t)n != head_size + a->packet.len ||
		    serve(a, &answers) != 0)
			break;
	}
	free(answers);
	free(a);
	left(arg);
	exit(EX_OK);
}

struct helper *
helper_start(helper_left_fn *left, void *arg, struct err *err)
{
	struct helper *a = alloc_zero(1, sizeof(*a));
	int ends[2];

	a->idle_fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		err_set(err, "socketpair: %s", strerror(errno));
		free(a);
		return NULL;
	}
	a->pid = fork();
	if (a->pid == 0) {
		a->end = ends[1];
		be_helper(a, left, arg);
	}
	close(ends[1]);
	a->end = ends[0];
	if (a->pid > 0)
		return a;
	err_set(err, "fork: %s", strerror(errno));
	close(a->end);
	free(a);
	return NULL;
}

void
helper_stop(struct helper **helper)
{
	if (*helper == NULL)
		return;
	close((*helper)->end);
	free(*helper);
	*helper = NULL;
}

bool
helper_died(struct helper *a)
{
	if (a->pid == 0 || waitpid(a->pid, NULL, WNOHANG) != a->pid)
		return false;
	a->pid = 0;
	return true;
}

int
helper_descriptor(const struct helper *a)
{
	return a->end;
}

void
helper_hand_over(struct helper *a)
{
	a->asks = true;
	a->id = (uint32_t)hash_seed();
}

void
helper_set_idle(struct helper *a, int fd, helper_idle_fn *idle, void *arg)
{
	a->idle_fd = fd;
	a->idle = idle;
	a->idle_arg = arg;
}

/* ---- who asks ---- */

static int
ask(struct helper *a, const char *const *argv, int timeout_ms, struct err *err)
{
	struct packet *p = &a->packet;

	*p = (struct packet){.id = ++a->id, .timeout_ms = timeout_ms};
	for (; *argv != NULL; argv++) {
		size_t len = strlen(*argv) + 1;

		if (p->len + len > BYTES_MAX)
			return err_set(err, "%s", strerror(E2BIG));
		memcpy(p->bytes + p->len, *argv, len);
		p->len += (uint32_t)len;
	}
	if (send(a->end, p, head_size + p->len, MSG_NOSIGNAL) < 0)
		return err_set(err, "helper: %s", strerror(errno));
	return 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0: something is to be read; meanwhile the other one is served. */
static int
await(struct helper *a, int64_t deadline, struct err *err)
{
	struct pollfd fds[] = {{.fd = a->end, .events = POLLIN},
			       {.fd = a->idle_fd, .events = POLLIN}};

	for (;;) {
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return err_set(err, "no answer in time");
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_set(err, "poll: %s", strerror(errno));
		if (fds[1].revents != 0 && !a->idle(a->idle_arg))
			fds[1].fd = -1;
		if (fds[0].revents != 0)
			return 0;
		fds[0].revents = fds[1].revents = 0;
	}
}

static int
next_packet(struct helper *a, int64_t deadline, struct err *err)
{
	struct packet *p = &a->packet;
	ssize_t n;

	do {
		if (await(a, deadline, err) != 0)
			return -1;
		n = recv(a->end, p, sizeof(*p), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return err_set(err, "helper: it is gone");
	} while (n < (ssize_t)head_size || p->id != a->id);
	return (size_t)n == head_size + p->len
		   ? 0
		   : err_set(err, "helper: strange answer");
}

static int
take_answer(struct helper *a, int64_t deadline, char **output, struct err *err)
{
	size_t len = 0;

	do {
		if (next_packet(a, deadline, err) != 0)
			return -1;
		*output = alloc_resize(*output, len + a->packet.len + 1, 1);
		memcpy(*output + len, a->packet.bytes, a->packet.len);
		len += a->packet.len;
		(*output)[len] = '\0';
	} while (a->packet.more && len < SUBPROCESS_OUTPUT_MAX);
	return a->packet.code < 0 ? err_set(err, "%s", *output)
				  : a->packet.code;
}

int
helper_run(struct helper *a, const char *const *argv, int timeout_ms, char **output,
	 struct err *err)
{
	int result;

	if (a == NULL)
		return subprocess_run(argv, timeout_ms, output, err);
	*output = NULL;
	if (!a->asks)
		return err_set(err, "the worker asks, not the keeper");
	result = ask(a, argv, timeout_ms, err);
	if (result == 0)
		result = take_answer(a, now_ms() + timeout_ms + SPARE_MS,
				     output, err);
	if (result < 0) {
		free(*output);
		*output = NULL;
	}
	return result;
}
