/* loop: descriptors, timers and signals, and handlers that remove others. */
#include "base/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

/* What happened, a letter each. */
struct story {
	struct loop *loop;
	char text[64];
	struct timer *timers[3];
	int fds[2][2];
};

static struct story *
begin(void)
{
	struct story *story = calloc(1, sizeof(*story));
	struct err err;

	story->loop = loop_new(&err);
	if (story->loop == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	for (int i = 0; i < 2; i++)
		if (pipe2(story->fds[i], O_NONBLOCK | O_CLOEXEC) < 0)
			exit(1);
	return story;
}

static void
end(struct story *story)
{
	for (int i = 0; i < 3; i++)
		timer_free(&story->timers[i]);
	loop_free(&story->loop);
	for (int i = 0; i < 4; i++)
		close(story->fds[i / 2][i % 2]);
	free(story);
}

static void
add(struct story *story, char letter)
{
	size_t len = strlen(story->text);

	if (len + 1 < sizeof(story->text))
		story->text[len] = letter;
}

static int
run(struct story *story)
{
	struct err err;

	return loop_run(story->loop, &err);
}

static void
on_a(void *arg)
{
	add(arg, 'a');
}

static void
on_b(void *arg)
{
	add(arg, 'b');
}

static void
on_stop(void *arg)
{
	struct story *story = arg;

	add(story, '.');
	loop_stop(story->loop, 7);
}

/* ---- timers ---- */

static void
test_timers(void)
{
	struct story *story = begin();
	int64_t before;

	story->timers[0] = timer_new(story->loop, on_a, story);
	story->timers[1] = timer_new(story->loop, on_b, story);
	story->timers[2] = timer_new(story->loop, on_stop, story);
	ok(!timer_armed(story->timers[0]), "a timer is born unarmed");
	timer_arm(story->timers[2], 30);
	timer_arm(story->timers[1], 20);
	timer_arm(story->timers[0], 10);
	ok(timer_armed(story->timers[0]), "and can be armed");
	before = loop_clocks(story->loop).steady_ms;
	is_int(run(story), 7, "the loop ends with the given code");
	is_str(story->text, "ab.", "timers run in the order of their time");
	ok(loop_clocks(story->loop).steady_ms - before >= 30, "not too early");
	ok(!timer_armed(story->timers[0]), "once");
	ok(llabs(loop_now(story->loop) - time(NULL)) <= 1,
	   "and the loop knows the time");

	timer_arm(story->timers[0], 5);
	timer_arm(story->timers[1], 1);
	timer_disarm(story->timers[1]);
	timer_disarm(story->timers[1]);
	timer_arm(story->timers[2], 30);
	timer_arm(story->timers[2], 10);
	run(story);
	is_str(story->text, "ab.a.", "disarmed, it is silent; re-armed, once");

	timer_arm(story->timers[2], 0);
	timer_arm(story->timers[0], -5);
	timer_arm(story->timers[1], 0);
	timer_free(&story->timers[1]);
	run(story);
	is_str(story->text, "ab.a..", "a loop that was stopped stops there");
	timer_arm(story->timers[2], 0);
	run(story);
	is_str(story->text, "ab.a..a.", "and goes on from there");
	end(story);
}

/* Kills the third before it comes to it, and arms itself. */
static void
on_kill(void *arg)
{
	struct story *story = arg;

	add(story, 'k');
	timer_free(&story->timers[1]);
	if (strlen(story->text) < 4)
		timer_arm(story->timers[0], 0);
	else
		loop_stop(story->loop, 0);
}

static void
test_timers_in_timers(void)
{
	struct story *story = begin();

	story->timers[0] = timer_new(story->loop, on_kill, story);
	story->timers[1] = timer_new(story->loop, on_b, story);
	story->timers[2] = timer_new(story->loop, on_a, story);
	for (int i = 0; i < 3; i++)
		timer_arm(story->timers[i], 0);
	run(story);
	is_str(story->text, "kakk",
	       "one that is freed in its round is gone; one that arms itself "
	       "lets the others through");
	end(story);
}

static void
on_free_self(void *arg)
{
	struct story *story = arg;

	timer_free(&story->timers[0]);
	loop_stop(story->loop, 0);
}

static void
test_free_self(void)
{
	struct story *story = begin();

	story->timers[0] = timer_new(story->loop, on_free_self, story);
	timer_arm(story->timers[0], 0);
	is_int(run(story), 0, "a timer may free itself");
	end(story);
}

/* Writes, and runs again and again; the reader must get its turn. */
static void
on_greedy(void *arg)
{
	struct story *story = arg;

	if (strlen(story->text) == 60)
		loop_stop(story->loop, 1);
	if (story->text[0] == '\0' && write(story->fds[0][1], ".", 1) != 1)
		exit(1);
	add(story, 'g');
	timer_arm(story->timers[0], 0);
}

static void
on_turn(void *arg, uint32_t events)
{
	struct story *story = arg;

	(void)events;
	loop_stop(story->loop, 0);
}

static void
test_greedy_timer(void)
{
	struct story *story = begin();
	struct err err;

	story->timers[0] = timer_new(story->loop, on_greedy, story);
	timer_arm(story->timers[0], 0);
	loop_watch(story->loop, story->fds[0][0], EPOLLIN, on_turn, story,
		   &err);
	is_int(run(story), 0, "a timer that is ever due starves nobody");
	end(story);
}

/* ---- descriptors ---- */

static void
on_readable(void *arg, uint32_t events)
{
	struct story *story = arg;
	char letter = '?';

	if (!(events & EPOLLIN))
		return;
	for (int i = 0; i < 2; i++)
		if (read(story->fds[i][0], &letter, 1) == 1)
			add(story, letter);
	if (letter == '.')
		loop_stop(story->loop, 0);
}

/* The first to come gives up the other. */
static void
on_either(void *arg, uint32_t events)
{
	struct story *story = arg;

	(void)events;
	add(story, 'e');
	loop_unwatch(story->loop, story->fds[0][0]);
	loop_unwatch(story->loop, story->fds[1][0]);
	timer_arm(story->timers[0], 0);
}

/* The first to come puts other pipes, with nothing in them, in the places of
 * both. */
static void
on_reuse(void *arg, uint32_t events)
{
	struct story *story = arg;
	struct err err;
	int other[2];

	(void)events;
	add(story, 'r');
	for (int i = 0; i < 2; i++) {
		loop_unwatch(story->loop, story->fds[i][0]);
		if (pipe2(other, O_CLOEXEC | O_NONBLOCK) < 0)
			exit(1);
		dup2(other[0], story->fds[i][0]);
		dup2(other[1], story->fds[i][1]);
		close(other[0]);
		close(other[1]);
		loop_watch(story->loop, story->fds[i][0], EPOLLIN, on_reuse,
			   story, &err);
	}
	timer_arm(story->timers[0], 0);
}

static void
watch_both(struct story *story, loop_fd_fn *fn)
{
	struct err err;

	for (int i = 0; i < 2; i++)
		is_int(loop_watch(story->loop, story->fds[i][0], EPOLLIN, fn,
				  story, &err),
		       0, "a pipe can be watched");
}

static void
write_both(struct story *story, const char *text)
{
	for (int i = 0; i < 2; i++)
		if (write(story->fds[i][1], text + i, 1) != 1)
			exit(1);
}

static void
test_descriptors(void)
{
	struct story *story = begin();
	struct err err;

	watch_both(story, on_readable);
	write_both(story, "xy");
	if (write(story->fds[1][1], ".", 1) != 1)
		exit(1);
	is_int(run(story), 0, "readable descriptors are reported");
	ok(strlen(story->text) == 3 && strchr(story->text, 'x') != NULL &&
	       strchr(story->text, 'y') != NULL,
	   "each: %s", story->text);
	is_int(loop_watch(story->loop, -1, EPOLLIN, on_readable, story, &err),
	       -1, "none cannot be watched");
	is_int(loop_watch(story->loop, 999, EPOLLIN, on_readable, story, &err),
	       -1, "nor a closed one");
	is_str(err.text, "epoll_ctl: Bad file descriptor", "which is reported");
	loop_unwatch(story->loop, 999);
	loop_unwatch(story->loop, 100000);
	end(story);

	story = begin();
	story->timers[0] = timer_new(story->loop, on_stop, story);
	watch_both(story, on_either);
	write_both(story, "xy");
	run(story);
	is_str(story->text, "e.", "one that is given up in its round is quiet");
	end(story);

	story = begin();
	story->timers[0] = timer_new(story->loop, on_stop, story);
	watch_both(story, on_reuse);
	write_both(story, "xy");
	run(story);
	is_str(story->text, "r.", "so is a new one under its number");
	end(story);
}

static void
on_file(void *arg, uint32_t events)
{
	struct story *story = arg;

	(void)events;
	if (read(story->fds[0][0], story->text + strlen(story->text), 1) == 1)
		return;
	loop_unwatch(story->loop, story->fds[0][0]);
	timer_arm(story->timers[0], 5);
}

static void
test_regular_file(void)
{
	struct story *story = begin();
	char name[] = "/tmp/loop-XXXXXX";
	struct err err;

	close(story->fds[0][0]);
	story->fds[0][0] = mkstemp(name);
	unlink(name);
	if (pwrite(story->fds[0][0], "file", 4, 0) != 4)
		exit(1);
	story->timers[0] = timer_new(story->loop, on_stop, story);
	is_int(loop_watch(story->loop, story->fds[0][0], EPOLLIN, on_file,
			  story, &err),
	       0, "a regular file can be watched");
	run(story);
	is_str(story->text, "file.", "it is readable until it is given up");
	end(story);
}

/* ---- signals ---- */

static void
on_signal(void *arg, int signo)
{
	struct story *story = arg;

	add(story, signo == SIGHUP ? 'h' : 'u');
	if (signo == SIGUSR1)
		loop_stop(story->loop, 0);
}

static void
test_signals(void)
{
	struct story *story = begin();
	sigset_t blocked;
	struct err err;

	is_int(loop_signal(story->loop, SIGHUP, on_signal, story, &err), 0,
	       "a signal can be taken");
	is_int(loop_signal(story->loop, SIGUSR1, on_signal, story, &err), 0,
	       "and another");
	raise(SIGHUP);
	raise(SIGHUP);
	raise(SIGUSR1);
	run(story);
	is_str(story->text, "hu", "they are called from within the loop");
	end(story);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	ok(!sigismember(&blocked, SIGHUP), "and given back in the end");
}

/* ---- rest ---- */

/* Asleep, the process is not woken: no switches but its own going to sleep. */
static void
test_idle(void)
{
	struct story *story = begin();
	struct rusage before, after;

	story->timers[0] = timer_new(story->loop, on_stop, story);
	story->timers[1] = timer_new(story->loop, on_a, story);
	timer_arm(story->timers[0], 200);
	timer_arm(story->timers[1], 10);
	timer_disarm(story->timers[1]);
	getrusage(RUSAGE_SELF, &before);
	run(story);
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_nvcsw - before.ru_nvcsw <= 3,
	   "the loop sleeps while nothing is due (%ld wake-ups)",
	   after.ru_nvcsw - before.ru_nvcsw);
	end(story);
}

static void
test_lead(void)
{
	struct story *story = begin();
	int64_t now = loop_lead_ms(story->loop);

	is_int(loop_set_back_ms(story->loop), 0, "no clock was set back yet");
	loop_know_lead(story->loop, now - 5000);
	is_int(loop_set_back_ms(story->loop), 0,
	       "nor by a clock that was further back");
	loop_know_lead(story->loop, now + 60000);
	is_int(loop_set_back_ms(story->loop), 60000,
	       "what it was ahead before, it was set back");
	is_int(loop_largest_lead_ms(story->loop), now + 60000,
	       "the largest lead is known");
	loop_forget_lead(story->loop);
	is_int(loop_set_back_ms(story->loop), 0, "until that is forgotten");
	end(story);
}

int
main(void)
{
	test_timers();
	test_timers_in_timers();
	test_free_self();
	test_greedy_timer();
	test_descriptors();
	test_regular_file();
	test_signals();
	test_idle();
	test_lead();
	return tap_done();
}
