/*
 * notify: sends states to the service manager. The protocol is that of
 * sd_notify(3); no library is needed.
 */
#ifndef DAEMON_SYS_NOTIFY_H
#define DAEMON_SYS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "READY=1", "STOPPING=1", "STATUS=...". Does nothing without NOTIFY_SOCKET.
 * False if the state was not sent: an error, which is logged, or a manager that
 * does not read what it got before. Nothing but READY=1 waits for such a one.
 */
bool notify(const char *state);
/* How often to send WATCHDOG=1: half of WATCHDOG_USEC; 0: not at all. */
int64_t notify_watchdog_ms(void);

#endif
