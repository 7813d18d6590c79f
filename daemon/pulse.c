#include "daemon/pulse.h"

enum { LATE_MS = PULSE_TICK_MS };

void
pulse_begin(struct pulse *p, int64_t now)
{
	*p = (struct pulse){.looked = now,
			    .ask_at = now + PULSE_MS,
			    .patience = PULSE_START_MS};
}

void
pulse_heard(struct pulse *p, int64_t now, bool holds)
{
	p->asked = false;
	p->silent = 0;
	p->patience = PULSE_PATIENCE_MS;
	p->ask_at = now + (holds ? PULSE_MS : PULSE_IDLE_MS);
}

void
pulse_excuse(struct pulse *p, int64_t patience)
{
	p->patience = patience;
}

void
pulse_asked(struct pulse *p, int64_t now)
{
	if (p->asked)
		return;
	p->asked = true;
	p->silent = 0;
	p->looked = now;
	p->meant = PULSE_TICK_MS;
}

enum pulse_verdict
pulse_look(struct pulse *p, int64_t now, int64_t *wait_ms)
{
	int64_t passed = now - p->looked;

	p->looked = now;
	*wait_ms = PULSE_TICK_MS;
	if (!p->asked && now < p->ask_at) {
		*wait_ms = p->ask_at - now;
		return PULSE_WAIT;
	}
	if (!p->asked) {
		pulse_asked(p, now);
		return PULSE_ASK;
	}
	/* Longer than we meant to sleep: we were not there to hear it; and
	 * where we did not run, neither did it. */
	if (passed < p->meant + LATE_MS)
		p->silent += passed < p->meant ? passed : p->meant;
	if (p->silent >= p->patience)
		return PULSE_DEAD;
	if (p->patience - p->silent < *wait_ms)
		*wait_ms = p->patience - p->silent;
	p->meant = *wait_ms;
	return PULSE_WAIT;
}
