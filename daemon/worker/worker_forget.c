/* Takes out of the table what the configuration refuses now: after a reload, and
 * from what a checkpoint has restored. */
#include "daemon/worker/worker_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/log.h"
#include "daemon/pipeline/pipeline.h"

struct refused {
	struct addr *list;
	size_t count;
	char why[256]; /* the first of them is refused */
};

/* The table must not change while it is walked. */
static void
collect(struct worker *w, struct refused *refused)
{
	struct authtab_row row;
	const char *why;
	size_t at = 0, room = 0;

	while (authtab_next(w->table, &at, &row)) {
		why = pipeline_reason(w->pipeline, &row.addr);
		if (why == NULL)
			continue;
		if (refused->count == 0)
			log_printable(refused->why, sizeof(refused->why), why,
				      strlen(why));
		if (refused->count == room) {
			room = room > 0 ? room * 2 : 64;
			refused->list = alloc_resize(refused->list, room,
						     sizeof(struct addr));
		}
		refused->list[refused->count++] = row.addr;
	}
}

static void
log_refused(const struct refused *refused)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&refused->list[0], text);
	if (refused->count == 1)
		log_info("removed %s: %s", text, refused->why);
	else
		log_info("removed %zu addresses that are refused now, the "
			 "first of them %s: %s",
			 refused->count, text, refused->why);
}

void
worker_forget_refused(struct worker *w)
{
	struct refused refused = {0};

	collect(w, &refused);
	w->forgetting = true;
	for (size_t i = 0; i < refused.count; i++)
		authtab_remove(w->table, &refused.list[i]);
	w->forgetting = false;
	if (refused.count > 0)
		log_refused(&refused);
	free(refused.list);
}
