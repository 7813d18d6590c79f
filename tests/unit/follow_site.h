/*
 * follow_site: a directory with a log, a source that follows it, and what that
 * has delivered and said.
 */
#ifndef TESTS_FOLLOW_SITE_H
#define TESTS_FOLLOW_SITE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/follow.h"
#include "daemon/source/source.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

struct site {
	struct follower follower;
	/* A log is also looked for in directories beside its own, in which
	 * those of other tests that run now must not be. */
	char *around, *top;
	struct strings got;
	const char *awaited;
	bool unseen; /* was the last line */
	struct logpos *pos;
	size_t npos;
};

static inline const char *
in(const struct site *site, const char *name)
{
	static char buffers[4][512];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/%s", site->top, name);
	return buffer;
}

static inline bool
on_line(void *arg, const char *line, size_t len)
{
	struct site *site = arg;
	char *text = alloc_bytes(line, len);
	bool match = site->awaited && strcmp(text, site->awaited) == 0;

	strings_add(&site->got, text);
	free(text);
	site->unseen = site->follower.unseen;
	return match;
}

static inline struct site *
begin(void)
{
	struct site *site = calloc(1, sizeof(*site));
	struct err err;

	site->around = follower_directory();
	site->top = alloc_format("%s/d", site->around);
	chmod(site->around, 0711); /* some give up root */
	mkdir(site->top, 0700);
	site->follower.loop = loop_new(&err);
	site->follower.line = on_line;
	site->follower.arg = site;
	log_open(in(site, "messages"), false, &err);
	return site;
}

static inline void
end(struct site *site)
{
	struct err err;

	source_close(&site->follower.source);
	loop_free(&site->follower.loop);
	follower_free_positions(&site->pos, &site->npos);
	strings_clear(&site->got);
	log_open(NULL, false, &err);
	follower_remove_all(site->around);
	free(site->around);
	free(site->top);
	free(site);
}

static inline void
start_with(struct site *site, const char *name, struct source_start how)
{
	char *spec = alloc_string(in(site, name));
	struct err err;

	how.pos = site->pos;
	how.npos = site->npos;
	if (follower_open(&site->follower, spec, &how, &err) != 0)
		ok(false, "opened %s: %s", spec, err.text);
	free(spec);
}

static inline void
start(struct site *site, const char *name)
{
	start_with(site, name, (struct source_start){.since = 0});
	follower_settle(&site->follower);
}

/* As a clean restart begins: nothing is found by its time. */
static inline void
stop(struct site *site)
{
	follower_free_positions(&site->pos, &site->npos);
	site->pos = follower_positions(&site->follower, &site->npos);
	source_close(&site->follower.source);
	strings_clear(&site->got);
}

static inline void
restart(struct site *site, const char *name)
{
	start_with(site, name, (struct source_start){.since = 9999999999});
	follower_settle(&site->follower);
}

static inline void
put_raw(struct site *site, const char *name, const char *bytes, size_t len)
{
	int fd = open(in(site, name), O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		ok(false, "wrote to %s", name);
	close(fd);
}

static inline void
put(struct site *site, const char *name, const char *line)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	put_raw(site, name, text, (size_t)len);
}

static inline void
move(struct site *site, const char *from, const char *to)
{
	if (rename(in(site, from), in(site, to)) != 0)
		ok(false, "renamed %s: %s", from, strerror(errno));
}

static inline const char *
nth(const struct site *site, size_t i)
{
	return i < site->got.count ? site->got.list[i] : NULL;
}

static inline int
count(const struct site *site, const char *line)
{
	int n = 0;

	for (size_t i = 0; i < site->got.count; i++)
		n += strcmp(site->got.list[i], line) == 0;
	return n;
}

static inline void
arrives(struct site *site, const char *line, const char *what)
{
	bool there = count(site, line) > 0;

	site->awaited = line;
	there = there || follower_await(&site->follower, 5000);
	ok(there, "%s", what);
	site->awaited = NULL;
}

static inline int
said(struct site *site, const char *what)
{
	FILE *file = fopen(in(site, "messages"), "r");
	char line[1024];
	int n = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		n += strstr(line, what) != NULL;
	if (file != NULL)
		fclose(file);
	return n;
}

static inline int
descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* How many the kernel keeps for all inotify instances of this process. */
static inline int
inotify_watches(void)
{
	char line[256];
	int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		FILE *file;

		snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
		file = fopen(line, "r");
		while (file != NULL && fgets(line, sizeof(line), file) != NULL)
			n += strncmp(line, "inotify wd:", 11) == 0;
		if (file != NULL)
			fclose(file);
	}
	return n;
}

static inline void
cut(const struct site *site, const char *name)
{
	if (truncate(in(site, name), 0) != 0)
		ok(false, "truncated %s: %s", name, strerror(errno));
}

/* Follows a log without a loop, so that the test says when it is read. */
static inline struct follow *
by_hand(struct site *site, const char *name)
{
	const struct source_sink sink = {.line = follower_line,
					 .unseen = follower_unseen,
					 .stamp = follower_stamp,
					 .arg = &site->follower};

	return follow_new(in(site, name), &sink);
}

#endif
