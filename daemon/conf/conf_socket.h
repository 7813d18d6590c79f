/*
 * conf_socket: where the daemon listens for pbsctl.
 */
#ifndef DAEMON_CONF_CONF_SOCKET_H
#define DAEMON_CONF_CONF_SOCKET_H

struct conf;

/* The path of the control socket, beside the checkpoint; the caller frees it.
 */
char *conf_socket(const struct conf *);

#endif
