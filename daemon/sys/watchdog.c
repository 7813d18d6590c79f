#include "daemon/sys/watchdog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/loop.h"
#include "daemon/sys/notify.h"

struct watchdog {
	struct timer *timer;
	int64_t usual_ms, current_ms; /* between reports at most */
};

static void
await_next(struct watchdog *w)
{
	timer_arm(w->timer, w->current_ms == WATCHDOG_STRICT_MS
				? WATCHDOG_ALONE_MS
				: w->current_ms / 2);
}

static void
report(void *arg)
{
	notify("WATCHDOG=1");
	await_next(arg);
}

/* Changes the interval, which counts as a report. */
static void
change(struct watchdog *w, int64_t ms)
{
	char text[64];

	snprintf(text, sizeof(text), "WATCHDOG_USEC=%" PRId64, ms * 1000);
	notify(text);
	w->current_ms = ms;
	await_next(w);
}

struct watchdog *
watchdog_new(struct loop *loop)
{
	struct watchdog *w;

	if (notify_watchdog_ms() == 0)
		return NULL;
	w = alloc_zero(1, sizeof(*w));
	w->usual_ms = w->current_ms = notify_watchdog_ms() * 2;
	w->timer = timer_new(loop, report, w);
	await_next(w);
	return w;
}

void
watchdog_free(struct watchdog **watchdog)
{
	struct watchdog *w = *watchdog;

	*watchdog = NULL;
	if (w == NULL)
		return;
	timer_free(&w->timer);
	free(w);
}

void
watchdog_report(struct watchdog *w)
{
	if (w != NULL && w->current_ms == WATCHDOG_STRICT_MS)
		report(w);
}

void
watchdog_set(struct watchdog *w, bool strict)
{
	int64_t ms;

	if (w == NULL)
		return;
	ms = strict && w->usual_ms > WATCHDOG_STRICT_MS ? WATCHDOG_STRICT_MS
							: w->usual_ms;
	if (ms != w->current_ms)
		change(w, ms);
}

void
watchdog_excuse(struct watchdog *w)
{
	if (w != NULL && w->current_ms != w->usual_ms)
		change(w, w->usual_ms);
}
