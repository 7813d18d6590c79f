/*
 * conf_reload: the settings that SIGHUP changes in a running daemon.
 */
#ifndef DAEMON_CONF_CONF_RELOAD_H
#define DAEMON_CONF_CONF_RELOAD_H

struct conf;

/* Logs each setting that has changed but takes effect only after a restart,
 * because it concerns open files or the process itself. */
void conf_reload_log(const struct conf *running, const struct conf *new);

/*
 * Exchanges the settings that can change while running: rules, networks, grace,
 * max_addresses, debug, logto, policy, and of peers what conf_peers.h says. new
 * then holds the old values, to be freed by conf_clear() or restored by a second
 * call.
 */
void conf_reload_adopt(struct conf *running, struct conf *new);

#endif
