/*
 * watchdog: lets the service manager notice in time that the keeper hangs.
 *
 * While any address is authorized, the keeper must report every
 * WATCHDOG_STRICT_MS, so that ExecStopPost can empty the maps within the 5 s in
 * which authorizations must end. It does so when it is awake anyway, because
 * the worker has given a sign of life, and otherwise after WATCHDOG_ALONE_MS.
 * At other times, and while a map is written, which a slow disk may delay, the
 * interval of the unit (WatchdogSec) is enough, so that an idle machine can
 * sleep. sd_notify(3): WATCHDOG_USEC=.
 */
#ifndef DAEMON_SYS_WATCHDOG_H
#define DAEMON_SYS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watchdog;

enum { WATCHDOG_STRICT_MS = 3500, WATCHDOG_ALONE_MS = 2500 };

/* NULL: the service manager does not watch us. The other functions take NULL
 * and do nothing. */
struct watchdog *watchdog_new(struct loop *);
void watchdog_free(struct watchdog **);

/* Reports that we are alive, in case the next report is due soon. */
void watchdog_report(struct watchdog *);
/* The same, if strict has changed. strict: some address is authorized. */
void watchdog_set(struct watchdog *, bool strict);
/* What follows may take long: uses the unit's interval until watchdog_set(). */
void watchdog_excuse(struct watchdog *);

#endif
