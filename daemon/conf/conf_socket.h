/*
 * conf_socket: where the daemon listens for pbsctl.
 */
#ifndef DAEMON_CONF_CONF_SOCKET_H
#define DAEMON_CONF_CONF_SOCKET_H

struct conf;
struct err;

/* The path of the control socket, beside the checkpoint; the caller frees it.
 */
char *conf_socket(const struct conf *);

/* 0, or -1: the control socket beside that checkpoint has too long a name. */
int conf_check_socket(const char *checkpoint, struct err *);

#endif
