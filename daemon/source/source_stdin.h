/*
 * source_stdin: lines from standard input, "-", or from a FIFO. Where to begin
 * cannot be chosen. The end of standard input is the end of the source; a FIFO
 * waits for its next writer.
 *
 * What a process has read that died cannot be read again. So what comes first
 * may be the rest of a line, unless a writer is known to begin: up to the
 * newline, it is dropped.
 */
#ifndef DAEMON_SOURCE_SOURCE_STDIN_H
#define DAEMON_SOURCE_SOURCE_STDIN_H

struct source_ops;

extern const struct source_ops source_stdin;

#endif
