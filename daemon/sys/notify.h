/*
 * notify: sends states to the service manager. The protocol is that of
 * sd_notify(3); no library is needed.
 */
#ifndef DAEMON_SYS_NOTIFY_H
#define DAEMON_SYS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct notify_ready;

/*
 * "STOPPING=1", "STATUS=...". Does nothing without NOTIFY_SOCKET. False if the
 * state was not sent: an error, which is logged, or a manager that does not
 * read what it got before. Never waits for such a one.
 */
bool notify(const char *state);

/*
 * READY=1, without which the start would fail: the loop sends it again until
 * the manager's queue has taken it once. Nothing waits, because addresses are
 * authorized by then, and somebody has to remove them in time.
 */
struct notify_ready *notify_ready_new(struct loop *);
void notify_ready(struct notify_ready *);
void notify_ready_free(struct notify_ready **);

/* How often to send WATCHDOG=1: half of WATCHDOG_USEC; 0: not at all. */
int64_t notify_watchdog_ms(void);

#endif
