/*
 * safe_path: checks that others could not have written what we are about to
 * trust, as sshd(8) does with StrictModes. A path of the superuser or of our
 * own that others may write is refused, whoever runs this.
 */
#ifndef DAEMON_SYS_SAFE_PATH_H
#define DAEMON_SYS_SAFE_PATH_H

struct err;
struct strings;

/* Checks directories of patterns and the pattern files in them. A path of
 * another user passes: whoever configured it trusts that user. 0, or -1. */
int safe_path_patterns(const struct strings *dirs, struct err *);

/* Checks the directory of a file of ours: it must be ours or root's, and nobody
 * else may write it. 0, or -1. */
int safe_path_check(const char *file, struct err *);

#endif
