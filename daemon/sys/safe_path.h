/*
 * safe_path: checks that nobody else can have written what we are about to
 * trust, as sshd(8) does with StrictModes. A path that belongs to root or to
 * us, but that others may write, is refused, even if we are not root.
 */
#ifndef DAEMON_SYS_SAFE_PATH_H
#define DAEMON_SYS_SAFE_PATH_H

struct err;
struct strings;

/* Checks directories of patterns and the pattern files in them. A path that
 * belongs to another user is accepted: whoever configured it trusts that user.
 * 0, or -1. */
int safe_path_patterns(const struct strings *dirs, struct err *);

/* Checks the directory of a file of ours: it must be ours or root's, and nobody
 * else may write it. 0, or -1. */
int safe_path_check(const char *file, struct err *);

#endif
