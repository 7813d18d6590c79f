/* The worker's two clocks. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/readfile.h"
#include "daemon/worker/checkpoint.h"
#include "daemon/worker/worker_state.h"

int64_t
worker_lifetime_ms(const struct worker *w)
{
	return w->lifetime_base_ms + loop_clocks(w->loop).steady_ms;
}

struct moment
worker_moment(const struct worker *w)
{
	return (struct moment){loop_now(w->loop), worker_lifetime_ms(w) / 1000};
}

time_t
worker_set_back(const struct worker *w)
{
	int64_t back = loop_set_back_ms(w->loop);

	return back >= WORKER_STEP_MS ? (time_t)(back / 1000) : 0;
}

struct moment
worker_log_moment(const struct worker *w)
{
	struct moment now = worker_moment(w);

	if (!w->ready)
		now.wall += worker_set_back(w);
	return now;
}

void
worker_on_unseen(void *arg, bool unseen)
{
	struct feed *feed = arg;

	feed->unseen = unseen;
}

void
worker_know_set_back(struct worker *w, time_t seconds)
{
	int64_t back = (int64_t)seconds * 1000;

	if (back >= WORKER_STEP_MS)
		loop_know_lead(w->loop, loop_lead_ms(w->loop) + back);
	back = loop_set_back_ms(w->loop);
	if (back >= WORKER_STEP_MS)
		log_warning("the clock was set back by %lld s since the last "
			    "checkpoint: logins that were logged since then "
			    "are taken to be older by as much",
			    (long long)back / 1000);
}

/* The unit hides /proc/sys and passes the id (systemd.unit(5): %b), which has
 * no dashes there; random(4) has the file. */
void
worker_read_boot_id(struct worker *w)
{
	const char *passed = getenv("BOOT_ID");
	struct err err;
	size_t len, n = 0;
	char *text = NULL;

	if (passed == NULL)
		passed = text = readfile("/proc/sys/kernel/random/boot_id", 64,
					 &len, &err);
	for (; passed != NULL && *passed > ' ' &&
	       n + 1 < sizeof(w->boot_id);
	     passed++)
		if (*passed != '-')
			w->boot_id[n++] = *passed;
	w->boot_id[n] = '\0';
	free(text);
}

struct checkpoint_clock
worker_checkpoint_clock(const struct worker *w)
{
	struct clocks clocks = loop_clocks(w->loop);
	struct checkpoint_clock now = {.wall = clocks.wall,
				       .steady = clocks.steady_ms / 1000};

	memcpy(now.boot, w->boot_id, sizeof(now.boot));
	return now;
}
