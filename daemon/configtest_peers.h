/*
 * configtest_peers: the part of --check for the key `peers:': files with keys
 * and passwords. Nothing is connected to.
 */
#ifndef DAEMON_CONFIGTEST_PEERS_H
#define DAEMON_CONFIGTEST_PEERS_H

struct peers_conf;

/* Prints a line for what it finds, and returns how much of it is wrong. */
unsigned int configtest_peers(const struct peers_conf *);

#endif
