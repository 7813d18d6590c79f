#include "daemon/sys/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/readfile.h"
#include "daemon/ipc/ipc.h"
#include "daemon/sys/guardian.h"
#include "daemon/sys/subprocess.h"

enum {
	ARGS_MAX = 5,
	FILE_MAX = 1024 * 1024, /* of a file that mynetworks names */
	SPARE_MS = 2000,	/* to wait beyond the time of the command */
	/* No command may take longer: the helper must notice its end. */
	TIMEOUT_MAX_MS = 10000,
};

struct helper {
	int end;
	struct guardian *guardian; /* not in the helper itself */
	helper_left_fn *left;
	void *left_arg;
	bool enabled; /* in the worker, not in the keeper */
	uint32_t id;  /* of the last request; other answers are late */
	int idle_fd;
	helper_idle_fn *idle;
	void *idle_arg;
	struct ipc_packet packet;
};

/* ---- the helper ---- */

static bool
same(const char *const *argv, const char *const *words)
{
	while (*argv != NULL && *words != NULL && strcmp(*argv, *words) == 0) {
		argv++;
		words++;
	}
	return *argv == NULL && *words == NULL;
}

bool
helper_has_word(const char *text, const char *word)
{
	static const char separators[] = " \t\r\n,!";
	size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		if ((p == text || strchr(separators, p[-1]) != NULL) &&
		    (p[len] == '\0' || strchr(separators, p[len]) != NULL))
			return true;
	return false;
}

static const char *const networks[] = {"postconf", "-x", "-h", "mynetworks",
				       NULL};

/* answers: what postconf(1) has printed, and the files that it named. */
static bool
is_permitted(const char *const *argv, const char *answers)
{
	static const char *const types[] = {"postconf", "-m", NULL};
	static const char *const type[] = {"postconf", "-h",
					   "default_database_type", NULL};
	struct addr addr;

	if (same(argv, networks) || same(argv, types) || same(argv, type))
		return true;
	if (argv[0] == NULL || strcmp(argv[0], "postmap") != 0 ||
	    argv[1] == NULL || strcmp(argv[1], "-q") != 0 || argv[2] == NULL ||
	    argv[3] == NULL || argv[4] != NULL)
		return false;
	/* mynetworks may name anything, also what would be an option. */
	if (argv[3][0] == '-' || strchr(argv[3], ':') == NULL)
		return false;
	return addr_parse(&addr, argv[2], strlen(argv[2])) == 0 &&
	       helper_has_word(answers, argv[3]);
}

/* Adds the files that mynetworks names, since they may name tables, too. */
static char *
with_files(const char *answer)
{
	char *all = alloc_string(answer), *words = alloc_string(answer);
	char *at, *text, *longer;
	struct err ignored;
	size_t len;

	for (char *word = strtok_r(words, " \t\r\n,!", &at); word != NULL;
	     word = strtok_r(NULL, " \t\r\n,!", &at)) {
		text = *word == '/' ? readfile(word, FILE_MAX, &len, &ignored)
				    : NULL;
		if (text == NULL)
			continue;
		longer = alloc_format("%s\n%s", all, text);
		free(all);
		free(text);
		all = longer;
	}
	free(words);
	return all;
}

/* Sends the output in as many packets as needed; the last has the code. */
static int
reply(struct helper *h, const char *text, int code)
{
	struct ipc_packet *p = &h->packet;
	uint32_t id = p->id;
	size_t left = strlen(text), part;
	struct err ignored;

	do {
		part = left < IPC_BYTES_MAX ? left : IPC_BYTES_MAX;
		left -= part;
		ipc_begin(p, left > 0 ? IPC_OUTPUT : IPC_RESULT);
		p->id = id;
		p->code = code;
		p->count = (uint32_t)part;
		memcpy(p->body.bytes, text, part);
		text += part;
		if (ipc_send(h->end, p, -1, true, &ignored) < 0)
			return -1;
	} while (left > 0);
	return 0;
}

/* Splits the request into arguments. -1: it is malformed. */
static int
take_arguments(const struct ipc_packet *p, const char **argv)
{
	const char *bytes = p->body.bytes;
	size_t count = 0;

	if (p->count == 0 || bytes[p->count - 1] != '\0')
		return -1;
	for (size_t at = 0; at < p->count; at += strlen(bytes + at) + 1) {
		if (count == ARGS_MAX)
			return -1;
		argv[count++] = bytes + at;
	}
	argv[count] = NULL;
	return 0;
}

static int
bounded(int timeout_ms)
{
	if (timeout_ms < 0)
		return 0;
	return timeout_ms < TIMEOUT_MAX_MS ? timeout_ms : TIMEOUT_MAX_MS;
}

/* As subprocess_run(); remembers what mynetworks names. */
static int
run(const char *const *argv, int timeout_ms, char **answers, char **output,
    struct err *err)
{
	int code = subprocess_run(argv, timeout_ms, output, err);

	if (code == 0 && argv[1][1] == 'x') {
		free(*answers);
		*answers = with_files(*output);
	}
	return code;
}

/* A helper that was started again does not know the tables in mynetworks. */
static bool
check_permission(const char *const *argv, int timeout_ms, char **answers)
{
	char *output;
	struct err ignored;

	if (is_permitted(argv, *answers))
		return true;
	if (**answers != '\0')
		return false;
	run(networks, timeout_ms, answers, &output, &ignored);
	free(output);
	return is_permitted(argv, *answers);
}

static int
serve(struct helper *h, char **answers)
{
	const char *argv[ARGS_MAX + 1];
	int timeout_ms = bounded(h->packet.code), code, result;
	char *output = NULL;
	struct err err;

	if (take_arguments(&h->packet, argv) != 0 ||
	    !check_permission(argv, timeout_ms, answers))
		return reply(h, "not permitted", -1);
	code = run(argv, timeout_ms, answers, &output, &err);
	result = reply(h, code < 0 ? err.text : output, code);
	free(output);
	return result;
}

/* Waits for a packet, and takes the place of a guardian that has died. */
static void
await_packet(struct guarded *g)
{
	struct pollfd fds[2] = {{0}, {.fd = g->end, .events = POLLIN}};

	for (;;) {
		fds[0] = (struct pollfd){.fd = g->lost, .events = POLLIN};
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents == 0)
			return;
		guardian_replace(g);
	}
}

/* 1: a request; -1: it is malformed; -2: keeper and worker are gone. */
static int
receive(struct helper *h, struct guarded *g)
{
	struct err err;
	int got;

	await_packet(g);
	got = ipc_receive(h->end, &h->packet, NULL, true, &err);
	return got == 1 && h->packet.type != IPC_RUN ? -1 : got;
}

/* Ends when the other end of the socket is closed; after a message that is
 * malformed, the guardian starts another one. */
static int
be_helper(struct guarded *g, void *arg)
{
	struct helper *h = arg;
	char *answers = alloc_string("");
	int got;

	h->end = g->end;
	while ((got = receive(h, g)) == 1 && serve(h, &answers) == 0)
		continue;
	free(answers);
	if (got == -1)
		log_error("pbs-helper: malformed request");
	else
		h->left(h->left_arg);
	free(h);
	return got == -1 ? EX_PROTOCOL : EX_OK;
}

/* ---- the keeper ---- */

struct helper *
helper_start(helper_left_fn *left, void *arg, bool background, struct err *err)
{
	static const struct guardian_task task = {
	    .name = "the helper",
	    .title = "pbs-helper",
	    .loss = "the helper and its guardian died: what is known of "
		    "mynetworks stays in force, and cannot be asked again "
		    "until the daemon is started again",
	    .run = be_helper,
	    .is_last = true};
	struct helper *h = alloc_zero(1, sizeof(*h));

	*h = (struct helper){.left = left, .left_arg = arg, .idle_fd = -1};
	h->guardian = guardian_start(&task, h, background, err);
	if (h->guardian == NULL) {
		free(h);
		return NULL;
	}
	h->end = guardian_descriptor(h->guardian);
	return h;
}

void
helper_stop(struct helper **helper)
{
	if (*helper == NULL)
		return;
	guardian_stop(&(*helper)->guardian);
	free(*helper);
	*helper = NULL;
}

struct guardian *
helper_guardian(const struct helper *h)
{
	return h->guardian;
}

void
helper_enable(struct helper *h)
{
	h->enabled = true;
	h->id = (uint32_t)hash_seed();
}

void
helper_set_idle(struct helper *h, int fd, helper_idle_fn *idle, void *arg)
{
	h->idle_fd = fd;
	h->idle = idle;
	h->idle_arg = arg;
}

/* ---- the worker ---- */

static int
send_request(struct helper *h, const char *const *argv, int timeout_ms,
	     struct err *err)
{
	struct ipc_packet *p = &h->packet;

	ipc_begin(p, IPC_RUN);
	p->id = ++h->id;
	p->code = timeout_ms;
	for (; *argv != NULL; argv++) {
		size_t len = strlen(*argv) + 1;

		if (p->count + len > IPC_BYTES_MAX)
			return err_set(err, "%s", strerror(E2BIG));
		memcpy(p->body.bytes + p->count, *argv, len);
		p->count += (uint32_t)len;
	}
	if (ipc_send(h->end, p, -1, true, err) < 0)
		return err_prefix(err, "helper");
	return 0;
}

/* Waits for a packet of the helper, and meanwhile calls idle. 0, or -1. */
static int
await(struct helper *h, int64_t deadline, struct err *err)
{
	struct pollfd fds[] = {{.fd = h->end, .events = POLLIN},
			       {.fd = h->idle_fd, .events = POLLIN}};

	for (;;) {
		int64_t left = deadline - monotonic_ms();

		if (left <= 0)
			return err_set(err, "no answer in time");
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_set(err, "poll: %s", strerror(errno));
		if (fds[1].revents != 0 && !h->idle(h->idle_arg))
			fds[1].fd = -1;
		if (fds[0].revents != 0)
			return 0;
		fds[0].revents = fds[1].revents = 0;
	}
}

static int
next_packet(struct helper *h, int64_t deadline, struct err *err)
{
	struct ipc_packet *p = &h->packet;
	int got;

	do {
		if (await(h, deadline, err) != 0)
			return -1;
		got = ipc_receive(h->end, p, NULL, false, err);
		if (got == -2)
			return err_set(err, "helper: it has exited");
		if (got < 0)
			return err_prefix(err, "helper");
	} while (got == 0 || p->id != h->id);
	return 0;
}

static int
take_answer(struct helper *h, int64_t deadline, char **output, struct err *err)
{
	const struct ipc_packet *p = &h->packet;
	size_t len = 0;

	do {
		if (next_packet(h, deadline, err) != 0)
			return -1;
		*output = alloc_resize(*output, len + p->count + 1, 1);
		memcpy(*output + len, p->body.bytes, p->count);
		len += p->count;
		(*output)[len] = '\0';
	} while (p->type == IPC_OUTPUT && len < SUBPROCESS_OUTPUT_MAX);
	return p->code < 0 ? err_set(err, "%s", *output) : p->code;
}

int
helper_run(struct helper *h, const char *const *argv, int timeout_ms,
	   char **output, struct err *err)
{
	int64_t deadline = monotonic_ms() + timeout_ms + SPARE_MS;
	int result = -1;

	if (h == NULL)
		return subprocess_run(argv, timeout_ms, output, err);
	*output = NULL;
	if (!h->enabled)
		err_set(err, "only the worker may use the helper");
	else if (send_request(h, argv, timeout_ms, err) == 0)
		result = take_answer(h, deadline, output, err);
	if (result < 0) {
		free(*output);
		*output = NULL;
	}
	return result;
}
