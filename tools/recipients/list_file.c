#include "tools/recipients/list_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/complaints.h"
#include "tools/gateway/text_lines.h"

/* Keys of a table are in memory; UTF-16 may grow by half. */
#define BYTES_MAX ((uint64_t)2 * 1024 * 1024 * 1024)

enum { CHUNK = 64 * 1024, PATIENCE_MS = 1000 };

struct reading {
	struct address_list *list;
	struct complaints *complaints;
	struct text_lines *lines;
	uint64_t bytes;
	bool utf16; /* a line was so */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Every other byte of an address in UTF-16 is a NUL; its newline is in two
 * lines. */
static bool
is_utf16(const char *line, size_t len)
{
	size_t nuls = 0;

	for (size_t i = 0; i < len; i++)
		nuls += line[i] == '\0';
	return len >= 4 && nuls * 2 + 1 >= len && nuls * 2 <= len + 1;
}

static const char *
why_nul(struct reading *reading, const char *line, size_t len)
{
	reading->utf16 = reading->utf16 || is_utf16(line, len);
	return reading->utf16 ? "UTF-16 without a byte order mark" : "a NUL";
}

static void
take_line(void *arg, size_t number, const char *line, size_t len)
{
	struct reading *reading = arg;
	size_t entry = 0;
	const char *why;

	while (len > 0 && (is_blank(line[len - 1]) || line[len - 1] == '\r'))
		len--;
	while (len > 0 && is_blank(*line))
		line++, len--;
	if (len == 0 || *line == '#')
		return;
	while (entry < len && !is_blank(line[entry]))
		entry++;
	why = memchr(line, '\0', len) != NULL
		  ? why_nul(reading, line, len)
		  : address_list_add(reading->list, line, entry);
	if (why != NULL)
		complaint(reading->complaints, number, why, line, len);
}

/* 0 at the end of the file, or an errno; EFBIG: it is too large. */
static int
read_all(int fd, struct reading *reading)
{
	char bytes[CHUNK];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		reading->bytes += (uint64_t)n;
		if (reading->bytes > BYTES_MAX)
			return EFBIG;
		text_lines_feed(reading->lines, bytes, (size_t)n);
	}
	return 0;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether somebody wrote to the file, or replaced it, while it was read. */
static bool
has_changed(int fd, const char *path, const struct stat *before, uint64_t bytes)
{
	struct stat now, named;

	if (!S_ISREG(before->st_mode) || fstat(fd, &now) < 0)
		return false;
	return !same_file(before, &now) || (uint64_t)now.st_size != bytes ||
	       stat(path, &named) < 0 || !same_file(before, &named);
}

static enum list_state
read_open(int fd, const char *path, struct reading *reading, struct err *err)
{
	bool named = strcmp(path, "-") != 0, torn;
	struct stat before;
	int code;

	if (fstat(fd, &before) < 0 || S_ISDIR(before.st_mode)) {
		err_set(err, "%s: %s", path, strerror(EISDIR));
		return LIST_UNREADABLE;
	}
	code = read_all(fd, reading);
	torn = text_lines_end(reading->lines);
	if (code == EFBIG)
		return LIST_TOO_LARGE;
	if (code != 0) {
		err_set(err, "%s: %s", path, strerror(code));
		return LIST_FAILED;
	}
	if (named && has_changed(fd, path, &before, reading->bytes))
		return LIST_CHANGED;
	return torn ? LIST_UNTERMINATED : LIST_WHOLE;
}

/* Waits until somebody writes to a FIFO, and says so if that takes time. The
 * writer of a pipe may be slow, too. */
static void
await_writer(int fd, const char *path)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    poll(&poller, 1, PATIENCE_MS) == 0) {
		fprintf(stderr, "%s: waiting for somebody to write to it\n",
			path);
		while (poll(&poller, 1, -1) < 0 && errno == EINTR)
			;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/* open(2) alone would wait for the writer of a FIFO. */
static int
open_list(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		await_writer(fd, path);
	return fd;
}

enum list_state
list_file_read(const char *path, struct address_list *list,
	       struct complaints *complaints, struct err *err)
{
	struct reading reading = {.list = list, .complaints = complaints};
	enum list_state state;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		fd = open_list(path);
	if (fd < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		return LIST_UNREADABLE;
	}
	reading.lines = text_lines_new(take_line, &reading);
	state = read_open(fd, path, &reading, err);
	text_lines_free(&reading.lines);
	if (fd != STDIN_FILENO)
		close(fd);
	return state;
}
