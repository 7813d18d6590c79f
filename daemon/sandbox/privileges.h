/*
 * privileges: give up what is not needed any more.
 */
#ifndef DAEMON_SANDBOX_PRIVILEGES_H
#define DAEMON_SANDBOX_PRIVILEGES_H

struct err;

/* Becomes user name with its groups, for good; no_new_privs. 0, or -1. */
int privileges_drop(const char *user, struct err *);

#endif
