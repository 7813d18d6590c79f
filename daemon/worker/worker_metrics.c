/* The file of metrics: when it is written, and through the keeper. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/worker/figures.h"
#include "daemon/worker/worker_state.h"

enum {
	METRICS_MS = 15 * 1000, /* as often as most monitoring looks, at most */
	IDLE_MS = 60 * 1000,
};

void
worker_metrics_soon(void *arg)
{
	struct worker *w = arg;
	int64_t wait;

	if (!w->ready || w->conf->metrics == NULL || w->handover == NULL ||
	    timer_armed(w->metrics))
		return;
	wait = w->metrics_due - loop_clocks(w->loop).steady_ms;
	timer_arm(w->metrics, wait > 0 ? wait : 0);
}

/* Called only when we are awake for another reason. A PING comes about a minute
 * after the last request, and not to the millisecond. */
void
worker_metrics_idle(struct worker *w)
{
	if (loop_clocks(w->loop).steady_ms >=
	    w->metrics_due + IDLE_MS - METRICS_MS - 1000)
		worker_metrics_soon(w);
}

/* The text is complete before the request begins, since figures_write_metrics()
 * makes one of its own. If the file cannot be written, the keeper logs that. */
void
worker_write_metrics(void *arg)
{
	struct worker *w = arg;
	struct err err;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len), *file;

	w->metrics_due = loop_clocks(w->loop).steady_ms + METRICS_MS;
	if (out == NULL)
		return;
	figures_write_metrics(w, out);
	fclose(out);
	file = ipc_client_metrics_begin(w->handover->client);
	if (file != NULL)
		fwrite(text, 1, len, file);
	if (ipc_client_save_end(w->handover->client, file, &err) != 0)
		log_error("metrics: %s", err.text);
	free(text);
}
