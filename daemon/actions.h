/*
 * actions: the options that print something and exit: --list, --dumpconfig,
 * --check, --clear, --version, --help.
 */
#ifndef DAEMON_ACTIONS_H
#define DAEMON_ACTIONS_H

struct conf;

/* Performs conf->action, which is not CONF_RUN. Returns the exit code. */
int actions_run(const struct conf *);

#endif
