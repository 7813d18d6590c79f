/*
 * source_stdin: lines from standard input, "-". They are read as they come;
 * its end is the end of the source.
 */
#ifndef DAEMON_SOURCE_SOURCE_STDIN_H
#define DAEMON_SOURCE_SOURCE_STDIN_H

struct source_ops;

extern const struct source_ops source_stdin;

#endif
