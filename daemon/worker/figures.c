#include "daemon/worker/figures.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/ipc/ipc.h"
#include "daemon/metrics/exposition.h"
#include "daemon/publish/publish.h"
#include "daemon/source/source.h"
#include "daemon/table/sessions.h"
#include "daemon/worker/recent.h"
#include "daemon/worker/worker_state.h"
#include "maps/entry.h"

/* The figures that have no label. */
struct figures {
	uint64_t updated, started, settings_read, last_login;
	uint64_t addresses, max_addresses, grace, sessions, rules;
	uint64_t lines, headerless, logins, stale, ahead, refused, doubtful;
	uint64_t granted, renewed, expired, evicted, removed;
	uint64_t publishes, publish_failures, map_replaced;
};

#define AT(member) offsetof(struct figures, member)

static const struct figure {
	size_t offset;
	const char *key;    /* of status; NULL: not there */
	const char *metric; /* NULL: it is the sum of one with a label */
	enum exposition_type type;
	const char *help;
} table[] = {
    {AT(updated), NULL, "last_update_timestamp_seconds", EXPOSITION_GAUGE,
     "When these figures were taken. If that is minutes ago, no daemon runs."},
    {AT(started), "started", "start_time_seconds", EXPOSITION_GAUGE,
     "When the process that counts was started. All counters began at 0 then, "
     "unless they are the keeper's."},
    {AT(settings_read), "settings_read", "settings_read_timestamp_seconds",
     EXPOSITION_GAUGE, "When the configuration in use was read."},
    {AT(last_login), "last_login", "last_login_timestamp_seconds",
     EXPOSITION_GAUGE,
     "The time of the latest login in the logs. 0: none was read."},
    {AT(addresses), "addresses", "addresses", EXPOSITION_GAUGE,
     "Addresses that are authorized now."},
    {AT(max_addresses), NULL, "max_addresses", EXPOSITION_GAUGE,
     "Addresses that can be authorized at a time."},
    {AT(grace), "grace", "grace_seconds", EXPOSITION_GAUGE,
     "How long a login authorizes its address."},
    {AT(sessions), "sessions", "sessions", EXPOSITION_GAUGE,
     "Sessions that are open and keep their address authorized."},
    {AT(rules), "rules", "rules", EXPOSITION_GAUGE, "Rules that were loaded."},
    {AT(lines), "lines", "lines_total", EXPOSITION_COUNTER,
     "Whole lines that were read from the logs."},
    {AT(headerless), "headerless", "headerless_lines_total", EXPOSITION_COUNTER,
     "Lines of no known form, without a header that is known."},
    {AT(logins), "logins", NULL, EXPOSITION_COUNTER, NULL},
    {AT(stale), "stale", "stale_logins_total", EXPOSITION_COUNTER,
     "Logins that were older than the grace when they were read, and granted "
     "nothing."},
    {AT(ahead), "ahead", "ahead_logins_total", EXPOSITION_COUNTER,
     "Logins with a time more than a minute ahead of the clock."},
    {AT(refused), "refused", NULL, EXPOSITION_COUNTER, NULL},
    {AT(doubtful), "doubtful", NULL, EXPOSITION_COUNTER, NULL},
    {AT(granted), "granted", "grants_total", EXPOSITION_COUNTER,
     "Addresses that became authorized, those from the checkpoint too."},
    {AT(renewed), "renewed", "renewals_total", EXPOSITION_COUNTER,
     "Logins from addresses that were authorized already."},
    {AT(expired), "expired", "expiries_total", EXPOSITION_COUNTER,
     "Addresses whose authorization has expired."},
    {AT(evicted), "evicted", "evictions_total", EXPOSITION_COUNTER,
     "Addresses that were removed early because the table was full."},
    {AT(removed), "removed", "removals_total", EXPOSITION_COUNTER,
     "Addresses that the operator removed, or that new settings refuse."},
    {AT(publishes), "publishes", NULL, EXPOSITION_COUNTER, NULL},
    {AT(publish_failures), "publish_failures", NULL, EXPOSITION_COUNTER, NULL},
    {AT(map_replaced), "map_replaced", "maps_replaced_total",
     EXPOSITION_COUNTER,
     "Maps that another program has replaced, counted by the keeper."},
};

static const size_t nfigures = sizeof(table) / sizeof(table[0]);

static uint64_t
value_of(const struct figures *figures, const struct figure *figure)
{
	uint64_t value;

	memcpy(&value, (const char *)figures + figure->offset, sizeof(value));
	return value;
}

/* ---- collecting ---- */

static void
collect_pipeline(const struct worker *w, struct figures *f)
{
	const struct pipeline_stats *stats = pipeline_stats(w->pipeline);
	const struct sessions *sessions = pipeline_sessions(w->pipeline);

	f->lines = stats->lines;
	f->headerless = stats->headerless;
	f->logins = stats->logins;
	f->stale = stats->stale;
	f->ahead = stats->ahead;
	f->refused = stats->refused;
	f->doubtful = stats->doubtful;
	f->last_login = (uint64_t)stats->last_login;
	f->sessions = sessions ? sessions_count(sessions) : 0;
	f->rules = pipeline_rules(w->pipeline);
}

static void
collect_table(const struct worker *w, struct figures *f)
{
	f->addresses = authtab_count(w->table);
	f->max_addresses = w->conf->max_addresses;
	f->grace = w->conf->grace;
	f->granted = w->events[AUTHTAB_ADDED];
	f->renewed = w->events[AUTHTAB_RENEWED];
	f->expired = w->events[AUTHTAB_EXPIRED];
	f->evicted = w->events[AUTHTAB_EVICTED];
	f->removed = w->events[AUTHTAB_REMOVED];
}

static void
collect_publish(const struct worker *w, struct figures *f)
{
	const struct publish_stats *stats;

	for (size_t i = 0; (stats = publish_stats(w->publish, i)) != NULL;
	     i++) {
		f->publishes += histogram_count(&stats->cost);
		f->publish_failures += stats->failures;
	}
}

/* counts: the keeper's. */
static struct figures
collect(const struct worker *w, const struct ipc_counts *counts)
{
	struct figures f = {.updated = (uint64_t)loop_now(w->loop),
			    .started = (uint64_t)w->started,
			    .settings_read = (uint64_t)w->settings_read,
			    .map_replaced = counts->replaced};

	collect_pipeline(w, &f);
	collect_table(w, &f);
	collect_publish(w, &f);
	return f;
}

static struct ipc_counts
ask_keeper(const struct worker *w)
{
	if (w->handover == NULL)
		return (struct ipc_counts){0};
	return ipc_client_counts(w->handover->client);
}

/* What the worker itself has logged: the keeper's were counted before. */
static struct log_counts
logged(const struct worker *w)
{
	struct log_counts now = log_counts();

	now.errors -= w->logged_before.errors;
	now.warnings -= w->logged_before.warnings;
	return now;
}

/* ---- status ---- */

static size_t
count_left_out(const struct worker *w)
{
	struct authtab_address row;
	size_t at = 0, count = 0;
	bool shortened = false;

	for (size_t i = 0; i < w->conf->maps.count; i++)
		shortened |= map_spec_is_shortened(w->conf->maps.list[i]);
	while (shortened && authtab_next_address(w->table, &at, &row))
		count += !entry_is_possible(&row.addr, &w->settings);
	return count;
}

static void
write_line(FILE *out, const char *key, uint64_t value)
{
	fprintf(out, "%s %" PRIu64 "\n", key, value);
}

void
figures_write_status(struct worker *w, FILE *out)
{
	struct ipc_counts counts = ask_keeper(w);
	struct figures figures = collect(w, &counts);
	struct log_counts own = logged(w);

	fprintf(out, "pid %ld\n",
		(long)(w->handover ? w->handover->keeper : getpid()));
	for (size_t i = 0; i < nfigures; i++)
		if (table[i].key != NULL)
			write_line(out, table[i].key,
				   value_of(&figures, &table[i]));
	worker_peers_status(w, out);
	write_line(out, "left_out", count_left_out(w));
	write_line(out, "events", recent_newest(w->recent));
	write_line(out, "errors", own.errors + counts.errors);
	write_line(out, "warnings", own.warnings + counts.warnings);
}

void
figures_log(const struct worker *w)
{
	const struct ipc_counts none = {0};
	struct figures f = collect(w, &none);

	log_info("state: addresses=%" PRIu64 " lines=%" PRIu64
		 " logins=%" PRIu64 " stale=%" PRIu64 " refused=%" PRIu64
		 " doubtful=%" PRIu64 " headerless=%" PRIu64
		 " publishes=%" PRIu64,
		 f.addresses, f.lines, f.logins, f.stale, f.refused, f.doubtful,
		 f.headerless, f.publishes);
}

/* ---- metrics ---- */

static void
write_parts(const struct worker *w, FILE *out, enum pipeline_total total,
	    const char *name, const char *label, const char *help)
{
	struct pipeline_part part;
	size_t at = 0;

	exposition_begin(out, name, EXPOSITION_COUNTER, help);
	while (pipeline_part(w->pipeline, total, &at, &part))
		exposition_number(out, name,
				  &(struct exposition_label){label, part.name},
				  part.count);
}

/* Calls write for each map. */
static void
each_map(const struct worker *w, FILE *out, const char *name,
	 void (*write)(FILE *, const char *, const struct exposition_label *,
		       const struct publish_stats *))
{
	const struct publish_stats *stats;

	for (size_t i = 0; (stats = publish_stats(w->publish, i)) != NULL; i++)
		write(out, name, &(struct exposition_label){"map", stats->map},
		      stats);
}

static void
write_cost(FILE *out, const char *name, const struct exposition_label *map,
	   const struct publish_stats *stats)
{
	if (!stats->live)
		exposition_histogram(out, name, map, &stats->cost);
}

static void
write_delay(FILE *out, const char *name, const struct exposition_label *map,
	    const struct publish_stats *stats)
{
	exposition_histogram(out, name, map, &stats->delay);
}

static void
write_failures(FILE *out, const char *name, const struct exposition_label *map,
	       const struct publish_stats *stats)
{
	if (!stats->live)
		exposition_number(out, name, map, stats->failures);
}

static void
write_written(FILE *out, const char *name, const struct exposition_label *map,
	      const struct publish_stats *stats)
{
	if (!stats->live)
		exposition_number(out, name, map, (uint64_t)stats->written);
}

static const struct {
	const char *name;
	enum exposition_type type;
	void (*write)(FILE *, const char *, const struct exposition_label *,
		      const struct publish_stats *);
	const char *help;
} of_maps[] = {
    {"publish_duration_seconds", EXPOSITION_HISTOGRAM, write_cost,
     "How long it took to write a map, each time that succeeded."},
    {"publish_failures_total", EXPOSITION_COUNTER, write_failures,
     "Times that a map could not be written."},
    {"last_publish_success_timestamp_seconds", EXPOSITION_GAUGE, write_written,
     "When a map was last written. Without changes, it need not be."},
    {"login_delay_seconds", EXPOSITION_HISTOGRAM, write_delay,
     "From the time stamp of a login until the map has its address. The stamp "
     "is in whole seconds."},
};

static void
write_lag(const struct worker *w, FILE *out)
{
	static const char name[] = "log_lag_bytes";
	uint64_t bytes;

	exposition_begin(out, name, EXPOSITION_GAUGE,
			 "Bytes of a log that were not read yet.");
	for (size_t i = 0; i < w->nfeeds; i++)
		if (source_lag(w->feeds[i].source, &bytes) == 0)
			exposition_number(out, name,
					  &(struct exposition_label){
					      "log", w->feeds[i].source->spec},
					  bytes);
}

static void
write_logged(FILE *out, const char *name, const char *help, uint64_t of_worker,
	     uint64_t of_keeper)
{
	exposition_begin(out, name, EXPOSITION_COUNTER, help);
	exposition_number(out, name,
			  &(struct exposition_label){"process", "worker"},
			  of_worker);
	exposition_number(out, name,
			  &(struct exposition_label){"process", "keeper"},
			  of_keeper);
}

static void
write_unlabelled(const struct figures *figures, FILE *out)
{
	for (size_t i = 0; i < nfigures; i++) {
		const struct figure *f = &table[i];

		if (f->metric == NULL)
			continue;
		exposition_begin(out, f->metric, f->type, f->help);
		exposition_number(out, f->metric, NULL, value_of(figures, f));
	}
}

void
figures_write_metrics(struct worker *w, FILE *out)
{
	struct ipc_counts counts = ask_keeper(w);
	struct figures figures = collect(w, &counts);
	struct log_counts own = logged(w);

	exposition_begin(out, "build_info", EXPOSITION_GAUGE,
			 "1, and the version of the daemon.");
	exposition_number(out, "build_info",
			  &(struct exposition_label){"version", VERSION}, 1);
	write_unlabelled(&figures, out);
	write_parts(w, out, PIPELINE_LOGINS, "logins_total", "rule",
		    "Logins that a rule has found.");
	write_parts(w, out, PIPELINE_REFUSED, "refused_logins_total", "reason",
		    "Logins from addresses that are never authorized.");
	write_parts(w, out, PIPELINE_DOUBTFUL, "doubtful_lines_total", "reason",
		    "Lines that look like a login, but grant nothing.");
	for (size_t i = 0; i < sizeof(of_maps) / sizeof(of_maps[0]); i++) {
		exposition_begin(out, of_maps[i].name, of_maps[i].type,
				 of_maps[i].help);
		each_map(w, out, of_maps[i].name, of_maps[i].write);
	}
	write_lag(w, out);
	worker_peers_metrics(w, out);
	write_logged(out, "errors_total", "Errors that were logged.",
		     own.errors, counts.errors);
	write_logged(out, "warnings_total", "Warnings that were logged.",
		     own.warnings, counts.warnings);
}
