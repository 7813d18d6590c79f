/*
 * boot_map: the empty map that Postfix finds after a boot.
 *
 * A map in RUN_DIR is in memory, so a boot removes it. If the daemon then did
 * not start, Postfix would miss the map, and answer 451 to everybody. So the
 * daemon keeps an empty map of the same type in STATE_DIR, and at boot
 * systemd-tmpfiles(8) copies it to RUN_DIR, long before Postfix starts
 * (packaging/tmpfiles.conf).
 */
#ifndef DAEMON_KEEPER_BOOT_MAP_H
#define DAEMON_KEEPER_BOOT_MAP_H

#include <stddef.h>

struct map;

/* Makes the empty map for each of these maps that needs one and has none yet.
 * Needs the right to write to STATE_DIR; without it, it logs a warning. maps may
 * contain NULLs. */
void boot_map_keep(struct map *const *maps, size_t nmaps);

#endif
