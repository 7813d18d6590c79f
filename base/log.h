/*
 * log: what the program itself has to say, one line per fact.
 *
 * The only mutable file-scope state of the program lives in log.c. Priorities
 * are syslog(3)'s; under systemd each line gets its "<N>" prefix. Text that
 * came out of somebody's log goes through log_printable() first.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Where messages go: NULL = standard error, "-" = standard output, "syslog"
 * (facility mail), else a file that is appended to. May be called again
 * (SIGHUP reopens). 0, or -1 and the old target stays.
 */
int log_open(const char *target, bool debug, struct err *);

/* As log_open() of a file, that somebody else has opened: fd is the log's now. */
void log_adopt(int fd, bool debug);
/* The file that is written to, for who passes it on or closes all others; -1:
 * it is none of ours. */
int log_descriptor(void);
/* In a child that has closed what it inherited: finds syslogd again. */
void log_reconnect(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_debugging(void); /* spares the work of building a debug message */

/*
 * Makes bytes printable on one line: control bytes, backslash and bytes that
 * are no valid UTF-8 become \xNN; cut to fit with "..." at the end. Always
 * NUL-terminated. Returns out.
 */
char *log_printable(char *out, size_t size, const char *bytes, size_t len);

#endif
