#include "daemon/keeper/heartbeat.h"

enum { LATE_MS = HEARTBEAT_TICK_MS };

void
heartbeat_begin(struct heartbeat *h, int64_t now)
{
	*h = (struct heartbeat){.looked = now,
				.ask_at = now + HEARTBEAT_MS,
				.patience = HEARTBEAT_START_MS};
}

void
heartbeat_heard(struct heartbeat *h, int64_t now, bool holds)
{
	h->asked = false;
	h->silent = 0;
	h->patience = HEARTBEAT_PATIENCE_MS;
	h->holds = holds;
	h->ask_at = now;
	if (holds == h->beats) /* else it must be told at once */
		h->ask_at += holds ? HEARTBEAT_MS : HEARTBEAT_IDLE_MS;
}

void
heartbeat_excuse(struct heartbeat *h, int64_t patience)
{
	h->patience = patience;
}

void
heartbeat_asked(struct heartbeat *h, int64_t now)
{
	h->beats = h->holds;
	if (h->asked)
		return;
	h->asked = true;
	if (!h->holds && h->patience < HEARTBEAT_BUSY_MS)
		h->patience = HEARTBEAT_BUSY_MS; /* nobody is authorized */
	h->silent = 0;
	h->looked = now;
	h->meant = HEARTBEAT_TICK_MS;
}

enum heartbeat_verdict
heartbeat_look(struct heartbeat *h, int64_t now, int64_t *wait_ms)
{
	int64_t passed = now - h->looked;

	h->looked = now;
	*wait_ms = HEARTBEAT_TICK_MS;
	if (!h->asked && now < h->ask_at) {
		*wait_ms = h->ask_at - now;
		return HEARTBEAT_WAIT;
	}
	if (!h->asked) {
		heartbeat_asked(h, now);
		return HEARTBEAT_ASK;
	}
	/* If we slept longer than we meant to, we could not hear the worker,
	 * and whatever kept us from running may have kept it, too. */
	if (passed < h->meant + LATE_MS)
		h->silent += passed < h->meant ? passed : h->meant;
	if (h->silent >= h->patience)
		return HEARTBEAT_DEAD;
	if (h->patience - h->silent < *wait_ms)
		*wait_ms = h->patience - h->silent;
	h->meant = *wait_ms;
	return HEARTBEAT_WAIT;
}
