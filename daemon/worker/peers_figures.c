#include "daemon/worker/peers_figures.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/streamid.h"
#include "daemon/metrics/exposition.h"
#include "daemon/peers/inbox.h"
#include "daemon/peers/outbox.h"
#include "daemon/peers/peer_refusal.h"

static uint64_t
all_refused(const struct inbox_row *row)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PEER_REFUSALS; i++)
		sum += row->refused[i];
	return sum;
}

/* ---- of each host ---- */

static uint64_t
entries(const struct inbox_row *row)
{
	return row->entries;
}

static uint64_t
records(const struct inbox_row *row)
{
	return row->records;
}

static uint64_t
addresses(const struct inbox_row *row)
{
	return row->addresses;
}

static uint64_t
missing(const struct inbox_row *row)
{
	return row->missing;
}

static uint64_t
difference(const struct inbox_row *row)
{
	return (uint64_t)llabs(row->ahead);
}

/* The sum over all hosts is in status, unless there is no key. */
static const struct of_host {
	uint64_t (*value)(const struct inbox_row *);
	const char *key, *metric;
	enum exposition_type type;
	const char *help;
} of_hosts[] = {
    {entries, "peers_entries", "peers_entries_total", EXPOSITION_COUNTER,
     "Entries of other hosts that were accepted."},
    {records, "peers_records", "peers_records_total", EXPOSITION_COUNTER,
     "Logins, sessions and removals in these entries."},
    {addresses, "peers_addresses", "peers_addresses", EXPOSITION_GAUGE,
     "Addresses that a host vouches for now."},
    {missing, "peers_missing", "peers_missing_entries_total",
     EXPOSITION_COUNTER, "Entries of a host that never came."},
    {all_refused, "peers_refused", "peers_refused_total", EXPOSITION_COUNTER,
     "Entries and records of a host that were refused."},
    {difference, NULL, "peers_clock_difference_seconds", EXPOSITION_GAUGE,
     "By how much the clock of a host differs from ours."},
};

static const size_t nof_hosts = sizeof(of_hosts) / sizeof(of_hosts[0]);

/* ---- the answer ---- */

static void
write_connection(FILE *out, const char *name, const struct peers_connection *c)
{
	if (c != NULL)
		fprintf(out, "connection %s %d %" PRId64 " %s\n", name, c->up,
			c->since, c->text);
}

static void
write_host(FILE *out, const struct inbox_row *row)
{
	char cursor[STREAMID_SIZE];

	fprintf(out,
		"host %s %" PRIu64 " %" PRIu64 " %zu %" PRIu64 " %" PRId64
		" %" PRId64 " %s\n",
		row->name, row->entries, row->records, row->addresses,
		row->missing, row->ahead,
		row->heard_ms < 0 ? -1 : row->heard_ms / 1000,
		streamid_print(row->cursor, cursor));
	for (unsigned int i = 0; i < PEER_REFUSALS; i++)
		if (row->refused[i] > 0)
			fprintf(out, "refused %s %" PRIu64 " %s\n", row->name,
				row->refused[i], peer_refusal_text(i));
}

void
peers_figures_write_answer(const struct peers_figures *f, FILE *out)
{
	struct inbox_row row;

	write_connection(out, "write", f->write);
	write_connection(out, "read", f->read);
	if (f->outbox != NULL)
		fprintf(out, "published %s %zu\n", f->stream,
			outbox_count(f->outbox, f->now));
	for (size_t i = 0; i < inbox_hosts(f->inbox); i++) {
		inbox_get(f->inbox, i, f->now, &row);
		write_host(out, &row);
	}
}

/* ---- status ---- */

static unsigned int
count_up(const struct peers_figures *f)
{
	return (f->write != NULL && f->write->up) +
	       (f->read != NULL && f->read->up);
}

void
peers_figures_write_status(const struct peers_figures *f, FILE *out)
{
	struct inbox_row row;

	fprintf(out, "peers_connections %u\n", count_up(f));
	fprintf(out, "peers_published %zu\n",
		f->outbox != NULL ? outbox_count(f->outbox, f->now) : 0);
	for (size_t k = 0; k < nof_hosts; k++) {
		uint64_t sum = 0;

		if (of_hosts[k].key == NULL)
			continue;
		for (size_t i = 0; i < inbox_hosts(f->inbox); i++) {
			inbox_get(f->inbox, i, f->now, &row);
			sum += of_hosts[k].value(&row);
		}
		fprintf(out, "%s %" PRIu64 "\n", of_hosts[k].key, sum);
	}
}

/* ---- metrics ---- */

static void
write_up(const struct peers_figures *f, FILE *out)
{
	static const char name[] = "peers_connected";

	exposition_begin(out, name, EXPOSITION_GAUGE,
			 "1 if there is a connection to the engine between "
			 "the hosts.");
	if (f->write != NULL)
		exposition_number(
		    out, name,
		    &(struct exposition_label){"connection", "write"},
		    f->write->up);
	if (f->read != NULL)
		exposition_number(
		    out, name, &(struct exposition_label){"connection", "read"},
		    f->read->up);
}

static void
write_of_hosts(const struct peers_figures *f, const struct of_host *o,
	       FILE *out)
{
	struct inbox_row row;

	exposition_begin(out, o->metric, o->type, o->help);
	for (size_t i = 0; i < inbox_hosts(f->inbox); i++) {
		inbox_get(f->inbox, i, f->now, &row);
		exposition_number(out, o->metric,
				  &(struct exposition_label){"host", row.name},
				  o->value(&row));
	}
}

/* Leaves out hosts that were never heard. */
static void
write_silence(const struct peers_figures *f, FILE *out)
{
	static const char name[] = "peers_silence_seconds";
	struct inbox_row row;

	exposition_begin(out, name, EXPOSITION_GAUGE,
			 "For how long nothing was heard from a host, which "
			 "sends something every 5 s.");
	for (size_t i = 0; i < inbox_hosts(f->inbox); i++) {
		inbox_get(f->inbox, i, f->now, &row);
		if (row.heard_ms >= 0)
			exposition_number(
			    out, name,
			    &(struct exposition_label){"host", row.name},
			    (uint64_t)row.heard_ms / 1000);
	}
}

static void
write_reasons(const struct peers_figures *f, FILE *out)
{
	static const char name[] = "peers_refusals_total";
	uint64_t sums[PEER_REFUSALS] = {0};
	struct inbox_row row;

	for (size_t i = 0; i < inbox_hosts(f->inbox); i++) {
		inbox_get(f->inbox, i, f->now, &row);
		for (unsigned int k = 0; k < PEER_REFUSALS; k++)
			sums[k] += row.refused[k];
	}
	exposition_begin(out, name, EXPOSITION_COUNTER,
			 "Entries and records that were refused, by reason.");
	for (unsigned int k = 0; k < PEER_REFUSALS; k++)
		if (sums[k] > 0)
			exposition_number(out, name,
					  &(struct exposition_label){
					      "reason", peer_refusal_text(k)},
					  sums[k]);
}

void
peers_figures_write_metrics(const struct peers_figures *f, FILE *out)
{
	static const char published[] = "peers_published_logins";

	write_up(f, out);
	exposition_begin(out, published, EXPOSITION_GAUGE,
			 "Logins that are published for other hosts.");
	exposition_number(out, published, NULL,
			  f->outbox != NULL ? outbox_count(f->outbox, f->now) : 0);
	for (size_t k = 0; k < nof_hosts; k++)
		write_of_hosts(f, &of_hosts[k], out);
	write_silence(f, out);
	write_reasons(f, out);
}
