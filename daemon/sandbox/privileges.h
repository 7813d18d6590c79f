/*
 * privileges: become another user for good.
 */
#ifndef DAEMON_SANDBOX_PRIVILEGES_H
#define DAEMON_SANDBOX_PRIVILEGES_H

struct err;

/* Becomes the named user, with its groups, and sets no_new_privs. If we are
 * that user already, does only the latter. 0, or -1. */
int privileges_drop(const char *user, struct err *);

#endif
