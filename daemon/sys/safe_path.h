/*
 * safe_path: whether others could have written what we are about to believe. As
 * sshd(8) does with StrictModes; what belongs to the superuser or to us and that
 * others may write is refused, whoever runs this.
 */
#ifndef DAEMON_SYS_SAFE_PATH_H
#define DAEMON_SYS_SAFE_PATH_H

struct err;
struct strings;

/* Directories of patterns, and the pattern files in them. What belongs to
 * another user is that user's affair: who names it trusts its owner. 0, or -1. */
int safe_path_patterns(const struct strings *dirs, struct err *);

/* The directory that a file of ours lies in: ours or root's, and nobody else
 * may write it. 0, or -1. */
int safe_path_check(const char *file, struct err *);

#endif
