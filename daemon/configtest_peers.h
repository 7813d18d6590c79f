/*
 * configtest_peers: --check for the key `peers:': reads the files with keys and
 * passwords, and connects to nothing.
 */
#ifndef DAEMON_CONFIGTEST_PEERS_H
#define DAEMON_CONFIGTEST_PEERS_H

struct peers_conf;

/* Prints a line for each finding, and returns how many of them are failures. */
unsigned int configtest_peers(const struct peers_conf *);

#endif
