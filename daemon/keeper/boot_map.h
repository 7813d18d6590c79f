/*
 * boot_map: the empty map that Postfix finds after a boot.
 *
 * A map in RUN_DIR is in memory, so a boot removes it. If the daemon then did
 * not start, Postfix would not find the map, and would answer 451 to everybody.
 * So the daemon keeps an empty map of the same type in STATE_DIR, which
 * systemd-tmpfiles(8) copies to RUN_DIR at boot, before Postfix starts
 * (packaging/tmpfiles.conf).
 */
#ifndef DAEMON_KEEPER_BOOT_MAP_H
#define DAEMON_KEEPER_BOOT_MAP_H

#include <stddef.h>

struct map;

/* Makes the empty map for each of these maps that needs one and has none yet.
 * Logs a warning if it cannot, as without the right to write to STATE_DIR. maps
 * may contain NULLs. */
void boot_map_keep(struct map *const *maps, size_t nmaps);

#endif
