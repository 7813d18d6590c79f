/* guardian: which processes it starts again, and that it ends with the keeper
 * even if these die again and again. */
#include "daemon/sys/guardian.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

/* Tells the keeper that it has begun. */
static int
fail_at_once(struct guarded *g, void *arg)
{
	send(g->end, "x", 1, 0);
	return *(const int *)arg;
}

static int
await_end(struct guarded *g, void *arg)
{
	char byte;

	send(g->end, "x", 1, 0);
	while (recv(g->end, &byte, 1, 0) > 0)
		continue;
	return *(const int *)arg;
}

static void
await(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	poll(&p, 1, -1);
}

/* Starts the work, and ends as the keeper after its first notice, or, if the
 * work lives, when it has begun. Returns how often the work has begun since. */
static int
begun_after_keeper(const struct guardian_task *task, int code, bool lives)
{
	struct guardian *g;
	struct err err;
	char byte;
	int end, begun = 0;

	fflush(stdout);
	g = guardian_start(task, &code, false, &err);
	end = dup(guardian_descriptor(g));
	await(end);
	recv(end, &byte, 1, 0);
	if (lives)
		close(end);
	else
		await(guardian_notices(g));
	guardian_stop(&g);
	waitpid(-1, NULL, 0);
	while (!lives && recv(end, &byte, 1, MSG_DONTWAIT) > 0)
		begun++;
	if (!lives)
		close(end);
	return begun;
}

static void
ends_with_keeper(void)
{
	struct guardian_task task = {.name = "work",
				     .title = "pbs-work",
				     .loss = "lost",
				     .run = fail_at_once,
				     .pause_max_ms = 60000};

	is_int(begun_after_keeper(&task, 78, false), 0,
	       "without the keeper, what has died is not started again");
	task.is_last = true;
	is_int(begun_after_keeper(&task, 78, false), 1,
	       "what has something to do then, is, and only once");
	task.run = await_end;
	begun_after_keeper(&task, 0, true);
	ok(true, "work that ends well is the end of the guardian");
	begun_after_keeper(&task, 78, true);
	ok(true, "so is work that fails at its end");
}

static void
starts_again(void)
{
	static const struct guardian_task task = {.name = "work",
						  .title = "pbs-work",
						  .loss = "lost",
						  .run = fail_at_once,
						  .pause_max_ms = 1};
	struct guardian *g;
	struct err err;
	char byte;
	int code = 78;

	fflush(stdout);
	g = guardian_start(&task, &code, false, &err);
	for (int i = 0; i < 3; i++) {
		await(guardian_descriptor(g));
		recv(guardian_descriptor(g), &byte, 1, 0);
	}
	ok(guardian_log_notices(g), "with the keeper, what dies is started "
				    "again and again");
	guardian_stop(&g);
	waitpid(-1, NULL, 0);
}

int
main(void)
{
	ends_with_keeper();
	starts_again();
	return tap_done();
}
