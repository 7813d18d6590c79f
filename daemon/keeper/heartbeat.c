#include "daemon/keeper/heartbeat.h"

enum { LATE_MS = HEARTBEAT_TICK_MS };

void
heartbeat_begin(struct heartbeat *p, int64_t now)
{
	*p = (struct heartbeat){.looked = now,
			    .ask_at = now + HEARTBEAT_MS,
			    .patience = HEARTBEAT_START_MS};
}

void
heartbeat_heard(struct heartbeat *p, int64_t now, bool holds)
{
	p->asked = false;
	p->silent = 0;
	p->patience = HEARTBEAT_PATIENCE_MS;
	p->ask_at = now + (holds ? HEARTBEAT_MS : HEARTBEAT_IDLE_MS);
}

void
heartbeat_excuse(struct heartbeat *p, int64_t patience)
{
	p->patience = patience;
}

void
heartbeat_asked(struct heartbeat *p, int64_t now)
{
	if (p->asked)
		return;
	p->asked = true;
	p->silent = 0;
	p->looked = now;
	p->meant = HEARTBEAT_TICK_MS;
}

enum heartbeat_verdict
heartbeat_look(struct heartbeat *p, int64_t now, int64_t *wait_ms)
{
	int64_t passed = now - p->looked;

	p->looked = now;
	*wait_ms = HEARTBEAT_TICK_MS;
	if (!p->asked && now < p->ask_at) {
		*wait_ms = p->ask_at - now;
		return HEARTBEAT_WAIT;
	}
	if (!p->asked) {
		heartbeat_asked(p, now);
		return HEARTBEAT_ASK;
	}
	/* Longer than we meant to sleep: we were not there to hear it; and
	 * where we did not run, neither did it. */
	if (passed < p->meant + LATE_MS)
		p->silent += passed < p->meant ? passed : p->meant;
	if (p->silent >= p->patience)
		return HEARTBEAT_DEAD;
	if (p->patience - p->silent < *wait_ms)
		*wait_ms = p->patience - p->silent;
	p->meant = *wait_ms;
	return HEARTBEAT_WAIT;
}
