/* Of which file the lines of a log are, and those before the first of them. */
#include "daemon/worker/worker_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "daemon/pipeline/pipeline.h"
#include "patterns/line/envelope.h"

void
worker_on_from(void *arg, uint64_t file, bool first)
{
	struct feed *feed = arg;

	feed->file = file;
	envelope_from(feed->envelope, file, first);
}

/* The parts of an envelope are joined, not the lines of a login: of a session
 * that was under way, the checkpoint knows. */
void
worker_on_past_line(void *arg, const char *line, size_t len)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	if (envelope_past(feed->envelope, &line, &len) == ENVELOPE_PART)
		return;
	pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
	pipeline_past(w->pipeline, feed->file, line, len,
		      loop_now(w->loop));
}
