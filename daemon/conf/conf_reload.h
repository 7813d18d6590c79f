/*
 * conf_reload: which settings of a running daemon a SIGHUP changes.
 */
#ifndef DAEMON_CONF_CONF_RELOAD_H
#define DAEMON_CONF_CONF_RELOAD_H

struct conf;

/* Says of what is tied to open files and to the process itself that it stays, if
 * it has changed. */
void conf_reload_log(const struct conf *running, const struct conf *new);

/*
 * Moves into the running configuration what can change while running: rules,
 * networks, grace, debug, logto, policy. new then holds the old values: to be
 * cleared, or to be moved back by a second call.
 */
void conf_reload_adopt(struct conf *running, struct conf *new);

#endif
