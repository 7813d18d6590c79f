/*
 * reload: which settings of a running daemon a SIGHUP changes.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

struct conf;

/*
 * Moves into the running configuration what can change while running: rules,
 * networks, grace, debug, logto. What is tied to open files and to the process
 * itself stays, and is said. new then holds the old values, to be cleared.
 */
void reload_adopt(struct conf *running, struct conf *new);

#endif
