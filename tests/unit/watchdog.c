/* watchdog: which intervals and reports the service manager gets, and when. */
#include "daemon/sys/watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "tests/tap.h"

static int manager = -1;

/* The service manager's end. */
static void
listen_as_manager(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/pbs-watchdog.%ld",
		 (long)getpid());
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(manager, (struct sockaddr *)&a, sizeof(a)) != 0)
		abort();
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

/* What it has been told, in lines. */
static const char *
told(void)
{
	static char text[1024];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(manager, text + len, sizeof(text) - len - 2,
			 MSG_DONTWAIT)) > 0) {
		len += (size_t)n;
		text[len++] = '\n';
	}
	text[len] = '\0';
	return text;
}

static void
stop(void *arg)
{
	loop_stop(arg, 0);
}

static void
pass(struct loop *loop, int64_t ms)
{
	struct timer *timer = timer_new(loop, stop, loop);
	struct err err;

	timer_arm(timer, ms);
	loop_run(loop, &err);
	timer_free(&timer);
}

static void
watched(struct loop *loop)
{
	struct watchdog *w = watchdog_new(loop);

	is_str(told(), "", "nothing is sent at first");
	watchdog_set(w, false);
	watchdog_report(w);
	is_str(told(), "", "nobody authorized: as the unit says");
	watchdog_set(w, true);
	is_str(told(), "WATCHDOG_USEC=3500000\n", "somebody: soon");
	watchdog_set(w, true);
	is_str(told(), "", "which is sent once");
	watchdog_report(w);
	is_str(told(), "WATCHDOG=1\n", "and kept when we are awake");
	pass(loop, WATCHDOG_ALONE_MS - 300);
	is_str(told(), "", "which suffices");
	pass(loop, 400);
	is_str(told(), "WATCHDOG=1\n", "and when we would not be");
	watchdog_excuse(w);
	is_str(told(), "WATCHDOG_USEC=30000000\n", "what may take long");
	watchdog_excuse(w);
	is_str(told(), "", "is excused once");
	watchdog_set(w, true);
	is_str(told(), "WATCHDOG_USEC=3500000\n", "until it is over");
	watchdog_set(w, false);
	is_str(told(), "WATCHDOG_USEC=30000000\n", "nobody any more");
	watchdog_free(&w);
}

int
main(void)
{
	struct err err;
	struct loop *loop = loop_new(&err);
	struct watchdog *w;

	listen_as_manager();
	unsetenv("WATCHDOG_USEC");
	w = watchdog_new(loop);
	ok(w == NULL, "no watchdog: none of ours");
	watchdog_set(w, true);
	watchdog_excuse(w);
	is_str(told(), "", "and nothing is sent");
	setenv("WATCHDOG_USEC", "30000000", 1);
	watched(loop);
	setenv("WATCHDOG_USEC", "2000000", 1);
	w = watchdog_new(loop);
	watchdog_set(w, true);
	is_str(told(), "", "a unit that is stricter is left so");
	watchdog_free(&w);
	loop_free(&loop);
	unlink(getenv("NOTIFY_SOCKET"));
	return tap_done();
}
