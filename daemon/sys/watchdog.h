/*
 * watchdog: lets the service manager notice in time that the keeper hangs.
 *
 * While anybody is authorized it has WATCHDOG_STRICT_MS to be heard of, so that
 * ExecStopPost empties the maps within the 5 s after which nobody may stay in.
 * While nobody is, and while a map is being written, which a slow disk may
 * draw out, what the unit says (WatchdogSec) is enough: an idle machine is left
 * alone. sd_notify(3): WATCHDOG_USEC=.
 */
#ifndef DAEMON_SYS_WATCHDOG_H
#define DAEMON_SYS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watchdog;

enum { WATCHDOG_STRICT_MS = 3000 };

/* NULL: the service manager does not watch us; all others take that, too. */
struct watchdog *watchdog_new(struct loop *);
void watchdog_free(struct watchdog **);

/* Says that we live; strict: somebody is authorized. */
void watchdog_set(struct watchdog *, bool strict);
/* What follows may take long; until watchdog_set(). */
void watchdog_excuse(struct watchdog *);

#endif
