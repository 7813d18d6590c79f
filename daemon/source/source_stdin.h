/*
 * source_stdin: lines from standard input, "-". Where to begin cannot be
 * chosen; the end of the input is the end of the source.
 */
#ifndef DAEMON_SOURCE_SOURCE_STDIN_H
#define DAEMON_SOURCE_SOURCE_STDIN_H

struct source_ops;

extern const struct source_ops source_stdin;

#endif
