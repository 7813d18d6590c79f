/*
 * peers_probe: pbsctl peers --test, which asks no daemon, but the engines
 * themselves.
 */
#ifndef TOOLS_PEERS_PROBE_H
#define TOOLS_PEERS_PROBE_H

struct strings;
struct verb;

/* Tries all engines of the configuration, as settings_load_maps() finds it, and
 * prints what came of it. Returns the exit code. */
int peers_probe(const struct verb *, const char *config,
		const struct strings *dbfiles);

#endif
