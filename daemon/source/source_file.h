/*
 * source_file: a log file, or the newest of those that match a name with '*',
 * followed by inotify(7).
 */
#ifndef DAEMON_SOURCE_SOURCE_FILE_H
#define DAEMON_SOURCE_SOURCE_FILE_H

struct source_ops;

extern const struct source_ops source_file;

#endif
