/* Removes from the table what the configuration refuses now: after a reload,
 * and after a checkpoint was loaded. */
#include "daemon/worker/worker_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/log.h"
#include "daemon/pipeline/pipeline.h"

/* What a line of our log reports. */
struct noted {
	size_t count; /* of addresses */
	struct addr first;
	char why[256]; /* the first of them */
};

struct forgotten {
	struct worker *worker;
	struct noted gone, kept;
};

static void
count(struct noted *noted, const struct addr *addr, const char *why)
{
	if (noted->count++ > 0)
		return;
	noted->first = *addr;
	log_printable(noted->why, sizeof(noted->why), why, strlen(why));
}

/* ---- networks ---- */

/* Collects the addresses that are refused now, since the table must not change
 * while it is walked. The caller frees the list. */
static struct addr *
collect(struct worker *w, struct noted *gone)
{
	struct addr *list = NULL;
	struct authtab_address row;
	const char *why;
	size_t at = 0, room = 0;

	while (authtab_next_address(w->table, &at, &row)) {
		why = pipeline_reason(w->pipeline, &row.addr);
		if (why == NULL)
			continue;
		if (gone->count == room) {
			room = room > 0 ? room * 2 : 64;
			list = alloc_resize(list, room, sizeof(*list));
		}
		list[gone->count] = row.addr;
		count(gone, &row.addr, why);
	}
	return list;
}

static void
remove_refused(struct worker *w, struct noted *gone)
{
	struct addr *list = collect(w, gone);

	for (size_t i = 0; i < gone->count; i++)
		authtab_remove(w->table, &list[i]);
	free(list);
}

/* ---- rules ---- */

static bool
is_missing(void *arg, const char *rule)
{
	const struct forgotten *forgotten = arg;

	return pipeline_rule_missing(forgotten->worker->pipeline, rule) != NULL;
}

static void
note_withdrawn(void *arg, const struct addr *addr, const char *rule, bool gone)
{
	struct forgotten *f = arg;
	char why[200];

	snprintf(why, sizeof(why), "rule %s %s", rule,
		 pipeline_rule_missing(f->worker->pipeline, rule));
	count(gone ? &f->gone : &f->kept, addr, why);
}

/* ---- both ---- */

static void
log_gone(const struct noted *gone)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&gone->first, text);
	if (gone->count == 1)
		log_info("removed %s: %s", text, gone->why);
	else if (gone->count > 1)
		log_info("removed %zu addresses that are refused now, the "
			 "first of them %s: %s",
			 gone->count, text, gone->why);
}

static void
log_kept(const struct noted *kept)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&kept->first, text);
	if (kept->count > 0)
		log_info("withdrew logins from %zu address%s that other "
			 "logins keep, the first of them %s: %s",
			 kept->count, kept->count == 1 ? "" : "es", text,
			 kept->why);
}

void
worker_forget_refused(struct worker *w)
{
	struct forgotten forgotten = {.worker = w};

	authtab_sweep(w->table, worker_moment(w).lifetime);
	w->forgetting = true;
	remove_refused(w, &forgotten.gone);
	authtab_withdraw(w->table, is_missing, note_withdrawn, &forgotten);
	w->forgetting = false;
	log_gone(&forgotten.gone);
	log_kept(&forgotten.kept);
	if (forgotten.gone.count + forgotten.kept.count > 0)
		worker_peers_withdrawn(w);
}
