#include "daemon/keeper/keeper_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/keeper/map_store.h"
#include "daemon/sys/notify.h"

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
