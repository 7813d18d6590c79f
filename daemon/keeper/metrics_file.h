/*
 * metrics_file: the file of the setting `metrics:', replaced as a whole for
 * each text that the worker sends.
 *
 * The worker reads text that strangers write, so what it sends is checked: it
 * may have metrics of this program only. A failure is logged once, and nothing
 * else depends on the file.
 */
#ifndef DAEMON_KEEPER_METRICS_FILE_H
#define DAEMON_KEEPER_METRICS_FILE_H

#include <stddef.h>

struct metrics_file;

/* A text may have so many bytes. Rules, logs and maps have some hundred each.
 */
enum { METRICS_FILE_MAX = 1 << 20 };

/* path: borrowed; NULL: there is no such file, and nothing is written. */
struct metrics_file *metrics_file_new(const char *path);
void metrics_file_free(struct metrics_file **);

/* Begins a text, which replaces one that was begun before. */
void metrics_file_begin(struct metrics_file *);
void metrics_file_add(struct metrics_file *, const char *bytes, size_t len);
/* Writes the text. A failure is logged, and that it is over. */
void metrics_file_write(struct metrics_file *);

#endif
