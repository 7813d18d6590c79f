/*
 * actions: what prints and exits: --list, --dumpconfig, --check, --clear,
 * --version, --help.
 */
#ifndef DAEMON_ACTIONS_H
#define DAEMON_ACTIONS_H

struct conf;

/* Does conf->action, which is not CONF_RUN. The exit code. */
int actions_run(const struct conf *);

#endif
