/*
 * A log that is rotated while its follower looks: at each call that looks, in
 * turn, by one rotation and by two. No line is lost, and all come in order.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/source/follow.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

static struct {
	unsigned int calls,
	    at; /* at: the call before which it happens; 0: none */
	void (*happen)(void);
} looking;

static char *top, *path;
static char got[256];

/* ---- the calls that look ---- */

static void
looked(void)
{
	if (looking.happen != NULL && ++looking.calls == looking.at)
		looking.happen();
}

int
stat(const char *name, struct stat *st)
{
	looked();
	return fstatat(AT_FDCWD, name, st, 0);
}

/* The C library calls it so where offsets have 64 bits. */
struct dirent *
readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) =
	    (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");

	looked();
	return real(dir);
}

int
open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	looked();
	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return openat(AT_FDCWD, name, flags, mode);
}

/* ---- the log ---- */

static void
append(const char *line)
{
	FILE *file = fopen(path, "a");

	fprintf(file, "%s\n", line);
	fclose(file);
}

/* Old files are kept; a new log begins with that line. */
static void
rotate(const char *line)
{
	for (int i = 4; i >= 0; i--) {
		char *from =
		    i > 0 ? alloc_format("%s.%d", path, i) : alloc_string(path);
		char *to = alloc_format("%s.%d", path, i + 1);

		rename(from, to);
		free(from);
		free(to);
	}
	append(line);
}

static void
once(void)
{
	looking.happen = NULL;
	rotate("d");
}

static void
twice(void)
{
	looking.happen = NULL;
	rotate("d");
	rotate("e");
}

/* ---- its follower ---- */

static void
on_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	strncat(got, line, len);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static int
no_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	(void)arg;
	(void)line;
	(void)len;
	(void)when;
	return -1;
}

static const struct source_sink sink = {
    .line = on_line, .stamp = no_stamp, .idle = nothing, .ended = nothing};

static struct follow *
follow(void)
{
	const struct source_start start = {.beginning = true};
	struct follow *f = follow_new(path, &sink);
	struct err err;

	follow_start(f, &start, 0, &err);
	return f;
}

static void
read_all(struct follow *f)
{
	while (follow_read(f, 1 << 20, 0))
		;
}

/* What it reads when that happens before call n of a look; false: there are
 * fewer. Each change gives an event, and so another look. */
static bool
look_meanwhile(void (*happen)(void), unsigned int n)
{
	struct follow *f;
	bool happened;

	top = follower_directory();
	path = alloc_format("%s/log", top);
	append("a");
	f = follow();
	got[0] = '\0';
	read_all(f);
	rotate("b");
	rotate("c");
	looking.calls = 0;
	looking.at = n;
	looking.happen = happen;
	follow_look(f, 0);
	happened = looking.happen == NULL;
	looking.happen = NULL;
	read_all(f);
	follow_look(f, 0);
	read_all(f);
	follow_free(&f);
	follower_remove_all(top);
	free(path);
	free(top);
	return happened;
}

static void
each_call(void (*happen)(void), const char *want)
{
	unsigned int n = 1;

	for (; look_meanwhile(happen, n); n++)
		if (strcmp(got, want) != 0)
			is_str(got, want, "before call %u", n);
	ok(n > 10, "a look has %u calls", n - 1);
}

int
main(void)
{
	struct err err;

	log_open("/dev/null", false, &err);
	each_call(once, "abcd");
	each_call(twice, "abcde");
	return tap_done();
}
