#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/writeall.h"

enum log_target { TO_STDERR, TO_JOURNAL, TO_STDOUT, TO_SYSLOG, TO_FILE };
enum { MESSAGE_MAX = 2048, STAMP_MAX = 32 };

static struct {
	enum log_target target;
	int fd; /* of TO_FILE */
	bool created; /* there was no such file before */
	bool debug;
	struct log_counts counts;
} out = {.target = TO_STDERR, .fd = -1};

/* JOURNAL_STREAM=device:inode names the socket that systemd gave us. Only if
 * standard error is still that socket does anybody read the prefix. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

/* Non-blocking, in case this is a FIFO that nobody reads. */
static const int file_flags =
    O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/* A link to nothing is followed by the last of these only. */
static int
open_file(const char *path, bool *created, struct err *err)
{
	int fd = open(path, file_flags);

	*created = false;
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, file_flags | O_CREAT | O_EXCL, 0640);
		*created = fd >= 0;
	}
	if (fd < 0 && errno == EEXIST)
		fd = open(path, file_flags | O_CREAT, 0640);
	if (fd < 0)
		err_set(err, "%s: open: %s", path, strerror(errno));
	return fd;
}

/* Whether a target is a file. */
static bool
is_file(const char *target)
{
	return target != NULL && strcmp(target, "-") != 0 &&
	       strcmp(target, "syslog") != 0;
}

bool
log_may_reopen(const char *target)
{
	int fd = is_file(target) ? open(target, file_flags) : -1;

	if (fd < 0)
		return !is_file(target) || errno == ENOENT || errno == ENXIO;
	close(fd);
	return true;
}

int
log_give(uid_t uid, gid_t gid)
{
	return out.created ? fchown(out.fd, uid, gid) : 0;
}

static void
switch_to(enum log_target to, int fd)
{
	if (out.target == TO_SYSLOG)
		closelog();
	if (out.fd >= 0)
		close(out.fd);
	if (to == TO_SYSLOG)
		openlog("pop-before-smtp", LOG_PID | LOG_NDELAY, LOG_MAIL);
	out.target = to;
	out.fd = fd;
}

int
log_open(const char *target, bool debug, struct err *err)
{
	enum log_target to = TO_FILE;
	bool created = false;
	int fd = -1;

	if (target == NULL)
		to = stderr_is_journal() ? TO_JOURNAL : TO_STDERR;
	else if (strcmp(target, "-") == 0)
		to = TO_STDOUT;
	else if (strcmp(target, "syslog") == 0)
		to = TO_SYSLOG;
	else if ((fd = open_file(target, &created, err)) < 0)
		return -1;

	switch_to(to, fd);
	out.created = created;
	out.debug = debug;
	return 0;
}

void
log_adopt(int fd, bool debug)
{
	switch_to(TO_FILE, fd);
	out.created = false;
	out.debug = debug;
}

int
log_descriptor(void)
{
	return out.fd;
}

void
log_reconnect(void)
{
	if (out.target == TO_SYSLOG)
		switch_to(TO_SYSLOG, -1);
}

struct log_counts
log_counts(void)
{
	return out.counts;
}

bool
log_debugging(void)
{
	return out.debug;
}

/* How a line without a syslog priority shows its severity. */
static const char *
priority_word(int priority)
{
	switch (priority) {
	case LOG_ERR:
		return "error: ";
	case LOG_WARNING:
		return "warning: ";
	default:
		return "";
	}
}

/* Writes what precedes a message on the current target. */
static void
write_head(char *head, size_t size, int priority)
{
	char stamp[STAMP_MAX];
	struct tm local;
	time_t now;

	if (out.target == TO_JOURNAL) {
		snprintf(head, size, "<%d>", priority);
		return;
	}
	if (out.target != TO_FILE) {
		snprintf(head, size, "%s", priority_word(priority));
		return;
	}
	/* In a file, nobody else adds the time. */
	now = time(NULL);
	localtime_r(&now, &local);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &local);
	snprintf(head, size, "%s %s", stamp, priority_word(priority));
}

/* Each line is one write, so that the lines of two processes do not mix. A line
 * that cannot be written is lost: there is nowhere else to report it. */
static void
write_line(char *line, size_t len)
{
	int fd = out.target == TO_FILE	   ? out.fd
		 : out.target == TO_STDOUT ? STDOUT_FILENO
					   : STDERR_FILENO;

	line[len++] = '\n';
	(void)writeall(fd, line, len);
}

static void __attribute__((format(printf, 2, 0)))
log_message(int priority, const char *fmt, va_list ap)
{
	char line[MESSAGE_MAX + 1]; /* and the newline */
	size_t head = 0, len;
	int saved = errno;

	if (out.target != TO_SYSLOG) {
		write_head(line, MESSAGE_MAX, priority);
		head = strlen(line);
	}
	vsnprintf(line + head, MESSAGE_MAX - head, fmt, ap);
	len = strlen(line);
	/* A message is one line, whatever text it contains. */
	for (size_t i = head; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	if (out.target == TO_SYSLOG)
		syslog(priority, "%s", line);
	else
		write_line(line, len);
	errno = saved;
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	out.counts.errors++;
	va_start(ap, fmt);
	log_message(LOG_ERR, fmt, ap);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list ap;

	out.counts.warnings++;
	va_start(ap, fmt);
	log_message(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!out.debug)
		return;
	va_start(ap, fmt);
	log_message(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

/* Writes one character, or one escaped byte, to unit and returns its length.
 * *used: the number of bytes read. */
static size_t
printable_unit(char unit[4], const unsigned char *bytes, size_t left,
	       size_t *used)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = bytes[0];
	size_t len = utf8_length(bytes, left);

	if (len > 0 && !utf8_is_control(bytes) && c != '\\') {
		memcpy(unit, bytes, len);
		*used = len;
		return len;
	}
	unit[0] = '\\';
	unit[1] = 'x';
	unit[2] = hex[c >> 4];
	unit[3] = hex[c & 15];
	*used = 1;
	return 4;
}

char *
log_printable(char *text, size_t size, const char *bytes, size_t len)
{
	static const char dots[] = "...";
	size_t at = 0, cut = 0, used, unit_len;
	char unit[4];

	if (size == 0)
		return text;
	while (len > 0) {
		unit_len = printable_unit(unit, (const unsigned char *)bytes,
					  len, &used);
		if (at + unit_len >= size)
			break;
		memcpy(text + at, unit, unit_len);
		at += unit_len;
		if (at + sizeof(dots) <= size)
			cut = at; /* up to here the dots still fit */
		bytes += used;
		len -= used;
	}
	if (len > 0 && size >= sizeof(dots)) {
		memcpy(text + cut, dots, sizeof(dots));
		return text;
	}
	text[at] = '\0';
	return text;
}
