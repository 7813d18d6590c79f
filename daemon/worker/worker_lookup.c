/* Answers what a live map (socketmap:, policy:) asks about an address. */
#include "daemon/worker/worker_state.h"

#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "maps/map.h"

/* A row that has expired does not count, even before it is swept. */
static bool
get_row(struct worker *w, const struct addr *addr, struct authtab_row *row)
{
	return authtab_get(w->table, addr, row) &&
	       row->expires > worker_moment(w).lifetime;
}

static bool
lookup(void *arg, const struct addr *addr, time_t *when)
{
	struct authtab_row row;

	if (!get_row(arg, addr, &row))
		return false;
	*when = row.when;
	return true;
}

static bool
next_user(void *arg, const struct addr *addr, size_t *at, struct map_user *user)
{
	int64_t now = worker_moment(arg).lifetime;
	struct authtab_row row;

	if (!get_row(arg, addr, &row))
		return false;
	while (*at < row.nusers) {
		const struct authtab_user *one = &row.users[(*at)++];

		if (one->expires > now) {
			*user = (struct map_user){one->name, one->when};
			return true;
		}
	}
	return false;
}

static void
log_text(void *arg, enum map_log_level level, const char *text)
{
	char printable[1024];

	(void)arg;
	if (level == MAP_DEBUG && !log_debugging())
		return;
	log_printable(printable, sizeof(printable), text, strlen(text));
	if (level == MAP_WARNING)
		log_warning("%s", printable);
	else if (level == MAP_INFO)
		log_info("%s", printable);
	else
		log_debug("%s", printable);
}

struct map_host
worker_host(struct worker *w)
{
	return (struct map_host){.loop = w->loop,
				 .lookup = lookup,
				 .next_user = next_user,
				 .log = log_text,
				 .arg = w};
}

int
worker_start_live(struct worker *w, struct err *err)
{
	for (size_t i = 0; i < w->nmaps; i++)
		if (map_is_live(w->maps[i]) && map_start(w->maps[i], err) != 0)
			return -1;
	return 0;
}
