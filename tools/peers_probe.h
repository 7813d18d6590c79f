/*
 * peers_probe: pbsctl peers --test, which asks no daemon, but the engines
 * themselves.
 */
#ifndef TOOLS_PEERS_PROBE_H
#define TOOLS_PEERS_PROBE_H

struct strings;
struct verb;

/* Tries all engines of the configuration, which settings_load_maps() loads, and
 * prints the results. Returns the exit code. */
int peers_probe(const struct verb *, const char *config,
		const struct strings *dbfiles);

#endif
