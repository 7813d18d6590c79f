/*
 * notify: tells the service manager, sd_notify(3)'s protocol, no library.
 */
#ifndef DAEMON_SYS_NOTIFY_H
#define DAEMON_SYS_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=...". Silent without NOTIFY_SOCKET. */
void notify(const char *state);
int64_t notify_watchdog_ms(void); /* half of WATCHDOG_USEC; 0 = none */

#endif
