/* What a live map (socketmap:, policy:) asks of the service. */
#include "daemon/worker/worker_state.h"

#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "maps/map.h"

/* What has expired by now does not count, whether it was swept or not. */
static bool
get_row(struct worker *s, const struct addr *addr, struct authtab_row *row)
{
	return authtab_get(s->table, addr, row) &&
	       row->expires > worker_moment(s).lifetime;
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
say(void *arg, enum map_say what, const char *text)
{
	char printable[1024];

	(void)arg;
	if (what == MAP_DEBUG && !log_debugging())
		return;
	log_printable(printable, sizeof(printable), text, strlen(text));
	if (what == MAP_WARNING)
		log_warning("%s", printable);
	else if (what == MAP_INFO)
		log_info("%s", printable);
	else
		log_debug("%s", printable);
}

struct map_host
worker_host(struct worker *s)
{
	return (struct map_host){.loop = s->loop,
				 .lookup = lookup,
				 .next_user = next_user,
				 .say = say,
				 .arg = s};
}

int
worker_start_live(struct worker *s, struct err *err)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (map_is_live(s->maps[i]) && map_start(s->maps[i], err) != 0)
			return -1;
	return 0;
}
