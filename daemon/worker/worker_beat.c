/* The worker's signs of life (daemon/keeper/heartbeat.h). */
#include "base/loop.h"
#include "daemon/ipc/handover.h"
#include "daemon/worker/worker_state.h"

void
worker_on_pinged(void *arg, int beat_ms)
{
	struct worker *w = arg;

	w->beat_ms = beat_ms;
	if (beat_ms > 0)
		timer_arm(w->beat, beat_ms);
	else
		timer_disarm(w->beat);
	worker_metrics_idle(w);
}

void
worker_on_beat(void *arg)
{
	struct worker *w = arg;

	ipc_client_beat(w->handover->client);
	timer_arm(w->beat, w->beat_ms);
	worker_metrics_idle(w);
}

void
worker_on_searching(void *arg)
{
	const struct feed *feed = arg;

	if (feed->worker->handover != NULL)
		ipc_client_beat(feed->worker->handover->client);
}
