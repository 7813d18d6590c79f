#include "daemon/sys/watchdog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/loop.h"
#include "daemon/sys/notify.h"

struct watchdog {
	struct timer *timer;
	int64_t usual_ms, now_ms; /* in which it must hear of us */
};

static void
say(void *arg)
{
	struct watchdog *w = arg;

	notify("WATCHDOG=1");
	timer_arm(w->timer, w->now_ms / 2);
}

/* Which says that we live, too. */
static void
change(struct watchdog *w, int64_t ms)
{
	char text[64];

	snprintf(text, sizeof(text), "WATCHDOG_USEC=%" PRId64, ms * 1000);
	notify(text);
	w->now_ms = ms;
	timer_arm(w->timer, ms / 2);
}

struct watchdog *
watchdog_new(struct loop *loop)
{
	struct watchdog *w;

	if (notify_watchdog_ms() == 0)
		return NULL;
	w = alloc_zero(1, sizeof(*w));
	w->usual_ms = w->now_ms = notify_watchdog_ms() * 2;
	w->timer = timer_new(loop, say, w);
	timer_arm(w->timer, w->now_ms / 2);
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
watchdog_set(struct watchdog *w, bool strict)
{
	int64_t ms;

	if (w == NULL)
		return;
	ms = strict && w->usual_ms > WATCHDOG_STRICT_MS ? WATCHDOG_STRICT_MS
							: w->usual_ms;
	if (ms != w->now_ms)
		change(w, ms);
}

void
watchdog_excuse(struct watchdog *w)
{
	if (w != NULL && w->now_ms != w->usual_ms)
		change(w, w->usual_ms);
}
