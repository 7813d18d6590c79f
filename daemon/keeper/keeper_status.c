#include "daemon/keeper/keeper_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "daemon/keeper/map_store.h"
#include "daemon/sys/notify.h"
#include "maps/map.h"

enum { MANY_ADDRESSES = 20000 };

/* The first log, and how many others. */
static void
write_logs(FILE *out, const struct strings *logs)
{
	fprintf(out, "following %s",
		logs->count == 0 || strcmp(logs->list[0], "journal:") == 0
		    ? "the journal"
		    : logs->list[0]);
	if (logs->count > 1)
		fprintf(out, " and %zu more", logs->count - 1);
}

/* A time and not an age, which would be wrong as soon as nobody renews it. */
static void
write_last_login(FILE *out, time_t when)
{
	char text[32];
	struct tm tm;

	if (when > 0 && localtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		fprintf(out, "; last login at %s", text);
}

static void
write_status(const struct keeper *k, FILE *out)
{
	long long count = map_store_count(k->store);

	fputs("STATUS=", out);
	if (!k->ready) {
		fputs("nobody is authorized: waiting for the worker", out);
		return;
	}
	write_logs(out, &k->conf->logfiles);
	if (count >= 0)
		fprintf(out, "; %lld authorized", count);
	write_last_login(out, map_store_last_login(k->store));
}

void
keeper_tell_status(struct keeper *k)
{
	char status[sizeof(k->status)] = "";
	FILE *out = fmemopen(status, sizeof(status), "w");

	if (out == NULL)
		return;
	write_status(k, out);
	fclose(out);
	if (strcmp(status, k->status) == 0)
		return;
	if (notify(status))
		memcpy(k->status, status, sizeof(status));
}

static void
log_cost(struct keeper *k, const struct map *map)
{
	long long bytes = map_bytes_a_change(map);

	if (bytes == 0)
		return;
	k->cost_logged = true;
	log_warning("%s: with %lld addresses, each login that comes alone "
		    "writes %.1f MB to the disk; lmdb: writes a fraction of "
		    "that, and a map in memory nothing (INSTALL, part 6)",
		    map_name(map), map_store_count(k->store),
		    (double)bytes / 1e6);
}

void
keeper_log_cost(struct keeper *k)
{
	if (k->cost_logged || map_store_count(k->store) < MANY_ADDRESSES)
		return;
	for (size_t i = 0; i < k->resources.nmaps; i++)
		if (k->resources.maps[i] != NULL)
			log_cost(k, k->resources.maps[i]);
}
