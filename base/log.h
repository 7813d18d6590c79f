/*
 * log: writes the program's own messages, one line each.
 *
 * log.c holds the only mutable file-scope state of the program. Priorities are
 * those of syslog(3); under systemd each line begins with "<N>". Text from a
 * log or a client must go through log_printable() first.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/*
 * Sets where messages go. NULL: standard error; "-": standard output; "syslog":
 * syslog(3) with facility mail; anything else: a file to append to. May be
 * called again, to reopen the file on SIGHUP. 0, or -1: the target is
 * unchanged.
 */
int log_open(const char *target, bool debug, struct err *);

/* Gives the log to a user, if it is a file that log_open() has created: who has become
 * that user must be able to open it again. Returns 0 or -1, with errno. */
int log_give(uid_t, gid_t);
/* Whether this user may open the target again. A file that is not there counts as one
 * that whoever moved it away creates again. */
bool log_may_reopen(const char *target);

/* Like log_open() with a file that is already open. Takes over fd. */
void log_adopt(int fd, bool debug);
/* Descriptor of our log file, for callers that pass it to a child or close all
 * others. -1 if the log is not a file. */
int log_descriptor(void);
/* Connects to syslogd again, in a child that has closed what it inherited. */
void log_reconnect(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How many errors and warnings this process, and what it was forked from, has
 * logged. */
struct log_counts {
	unsigned long long errors, warnings;
};
struct log_counts log_counts(void);
bool log_debugging(void); /* whether log_debug() logs anything */

/*
 * Makes bytes printable on one line: control characters, backslashes and bytes
 * that are not valid UTF-8 become \xNN. What does not fit is replaced by "...".
 * Always NUL-terminated. Returns out.
 */
char *log_printable(char *out, size_t size, const char *bytes, size_t len);

#endif
