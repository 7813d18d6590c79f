/* The worker's two clocks. */
#include "base/loop.h"
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
