/*
 * source_stdin: lines from standard input, "-", or from a FIFO. Where to begin
 * cannot be chosen. The end of standard input is the end of the source; a FIFO
 * waits for its next writer.
 */
#ifndef DAEMON_SOURCE_SOURCE_STDIN_H
#define DAEMON_SOURCE_SOURCE_STDIN_H

struct source_ops;

extern const struct source_ops source_stdin;

#endif
