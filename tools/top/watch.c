#include "tools/top/watch.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/monotonic.h"
#include "tools/top/asker.h"
#include "tools/top/keys.h"
#include "tools/top/layout.h"
#include "tools/top/model.h"
#include "tools/top/screen.h"
#include "tools/top/terminal.h"

/* A login is on the screen within a second. Where there are many addresses, an
 * answer costs the daemon time: for so many times as long as the last one took,
 * the same is not asked for again, within bounds: a busy machine is slow, too.
 */
enum {
	POLL_MS = 500,
	STATUS_PAUSE = 5,
	STATUS_PAUSE_MAX_MS = 2000,
	LIST_PAUSE = 10,
	LIST_PAUSE_MAX_MS = 60000
};

struct watch {
	struct loop *loop;
	struct terminal *terminal;
	struct asker *asker;
	struct timer *poll;
	struct model *model;
	int64_t status_asked_ms, status_due_ms;
	int64_t list_asked_ms, list_due_ms;
	bool removing; /* model->condemned, as soon as nothing else is asked */
};

static void
tick(struct watch *w)
{
	struct clocks clocks = loop_clocks(w->loop);

	model_tick(w->model, clocks.wall, clocks.steady_ms);
}

static void
draw(struct watch *w)
{
	struct screen *screen;
	int rows, columns;

	tick(w);
	terminal_size(w->terminal, &rows, &columns);
	screen = screen_new(rows, columns);
	layout_draw(w->model, screen);
	terminal_show(w->terminal, screen);
	screen_free(&screen);
}

/* ---- what is asked, one after the other: status, events, list ---- */

/* Whether the answer could be taken. If not, the model says why. */
static bool
take(struct watch *w, int (*take_answer)(struct model *, char *), char *answer,
     const struct err *err)
{
	const char *why = "";

	if (answer == NULL)
		why = err->text;
	else if (take_answer(w->model, answer) != 0)
		why = "malformed answer";
	model_set_trouble(w->model, why);
	return *why == '\0';
}

/* When the same may be asked for again: it has been answered now. */
static int64_t
due(int64_t asked_ms, int64_t times, int64_t pause_max)
{
	int64_t now = monotonic_ms(), pause = (now - asked_ms) * times;

	return now + (pause < pause_max ? pause : pause_max);
}

static void ask_status(struct watch *);

static void
on_removed(void *arg, char *answer, const struct err *err)
{
	struct watch *w = arg;
	char address[ADDR_TEXT_MAX];

	addr_format(&w->model->condemned, address);
	if (answer != NULL)
		model_say(w->model, "removed %s", address);
	else
		model_say(w->model, "not removed: %s", err->text);
	draw(w);
	if (answer != NULL)
		ask_status(w);
}

/* Whether the user has ordered a removal, which is asked for first. */
static bool
ask_removal(struct watch *w)
{
	char address[ADDR_TEXT_MAX], *request;

	if (!w->removing)
		return false;
	w->removing = false;
	addr_format(&w->model->condemned, address);
	request = alloc_format("remove %s", address);
	asker_ask(w->asker, request, on_removed);
	free(request);
	return true;
}

static void
on_list(void *arg, char *answer, const struct err *err)
{
	struct watch *w = arg;

	take(w, model_take_list, answer, err);
	draw(w);
	w->list_due_ms = due(w->list_asked_ms, LIST_PAUSE, LIST_PAUSE_MAX_MS);
	ask_removal(w);
}

static void
ask_list(struct watch *w)
{
	draw(w);
	if (ask_removal(w) || !model_wants_list(w->model) ||
	    monotonic_ms() < w->list_due_ms)
		return;
	w->list_asked_ms = monotonic_ms();
	asker_ask(w->asker, "list", on_list);
}

static void
on_events(void *arg, char *answer, const struct err *err)
{
	struct watch *w = arg;

	if (take(w, model_take_events, answer, err))
		ask_list(w);
	else
		draw(w);
}

static void
on_status(void *arg, char *answer, const struct err *err)
{
	struct watch *w = arg;
	char *request;

	w->status_due_ms =
	    due(w->status_asked_ms, STATUS_PAUSE, STATUS_PAUSE_MAX_MS);
	tick(w);
	if (!take(w, model_take_status, answer, err)) {
		draw(w);
		return;
	}
	if (!model_wants_events(w->model)) {
		ask_list(w);
		return;
	}
	request = alloc_format(
	    "events %llu", (unsigned long long)model_newest_event(w->model));
	asker_ask(w->asker, request, on_events);
	free(request);
}

static void
ask_status(struct watch *w)
{
	if (asker_is_busy(w->asker))
		return;
	w->status_asked_ms = monotonic_ms();
	asker_ask(w->asker, "status", on_status);
}

static void
on_poll(void *arg)
{
	struct watch *w = arg;

	timer_arm(w->poll, POLL_MS);
	draw(w);
	if (asker_is_busy(w->asker) || ask_removal(w))
		return;
	if (monotonic_ms() >= w->status_due_ms)
		ask_status(w);
}

/* ---- the user ---- */

static void
press(struct watch *w, int key)
{
	int rows, columns;

	terminal_size(w->terminal, &rows, &columns);
	switch (keys_press(w->model, key, layout_page(w->model, rows))) {
	case TOP_QUIT:
		loop_stop(w->loop, 0);
		break;
	case TOP_REMOVE:
		w->removing = true;
		break;
	case TOP_REPAINT:
		terminal_repaint(w->terminal);
		break;
	case TOP_NOTHING:
		break;
	}
}

static void
on_keys(void *arg, uint32_t events)
{
	struct watch *w = arg;
	int key;

	if (events & (POLLHUP | POLLERR)) {
		loop_stop(w->loop, SIGHUP);
		return;
	}
	tick(w);
	while (terminal_key(w->terminal, &key))
		press(w, key);
	draw(w);
	if (!asker_is_busy(w->asker))
		ask_removal(w);
}

static void
on_stop(void *arg, int signo)
{
	struct watch *w = arg;

	loop_stop(w->loop, signo);
}

static void
on_resize(void *arg, int signo)
{
	struct watch *w = arg;

	(void)signo;
	terminal_resize(w->terminal);
	draw(w);
}

/* ---- all together ---- */

/* Signals come through the loop before the terminal is changed, so that none
 * leaves it so. */
static int
open_all(struct watch *w, const char *socket, struct err *err)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	w->loop = loop_new(err);
	if (w->loop == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (loop_signal(w->loop, stops[i], on_stop, w, err) != 0)
			return -1;
	if (loop_signal(w->loop, SIGWINCH, on_resize, w, err) != 0)
		return -1;
	w->model = model_new();
	w->asker = asker_new(w->loop, socket, w);
	w->poll = timer_new(w->loop, on_poll, w);
	w->terminal = terminal_open(err);
	if (w->terminal == NULL)
		return -1;
	return loop_watch(w->loop, STDIN_FILENO, POLLIN, on_keys, w, err);
}

static void
close_all(struct watch *w)
{
	terminal_close(&w->terminal);
	asker_free(&w->asker);
	timer_free(&w->poll);
	model_free(&w->model);
	loop_free(&w->loop);
}

int
watch_run(const char *socket, char *status, struct err *err)
{
	struct watch w = {0};
	int code = -1;

	if (open_all(&w, socket, err) == 0) {
		tick(&w);
		model_take_status(w.model, status);
		timer_arm(w.poll, 0);
		code = loop_run(w.loop, err);
	}
	close_all(&w);
	return code;
}
