/*
 * faultlib: makes the n-th system call of a running program fail, or be its
 * last. For tests, by LD_PRELOAD.
 *
 *	FAULTS=FILE LD_PRELOAD=faultlib.so pop-before-smtp ...
 *
 * FILE is a struct page, mapped by the test and by every process of the
 * program alike: its counters count them all, and what the test writes there
 * counts from the next call on. A call matches when its bit is set in `calls'
 * and `path' is part of the name of the file it is about ("" matches all;
 * sockets and the like have no name). The first-th call that matches since the
 * test wrote 0 to `matched', and the times - 1 after it (all, if times is 0),
 * meet the action:
 *
 *	COUNT	nothing: `seen' tells how often each call came
 *	FAIL	returns -1 or NULL with errno `error', and does nothing
 *	SHORT	writes or reads half of what was asked for
 *	KILL	kill -9 of the whole process group, before the call
 *	DIE	kill -9 of this process alone, before the call
 *	PAUSE	waits before the call until `released' is as large as `hits'
 *
 * What stdio writes inside the C library does not pass here; fflush and fclose
 * do, and fail without having written. Only our programs are touched, not what
 * they run. tests/lib/faults.py is the other side.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *const programs[] = {"pop-before-smtp", "pbsctl"};

enum action { COUNT, FAIL, SHORT, KILL, DIE, PAUSE };

/* The names of the calls, in the order of their bits. */
/* clang-format off */
#define CALLS(X)                                                              \
	X(open) X(openat) X(read) X(pread) X(write) X(pwrite) X(writev)      \
	X(fsync) X(fdatasync) X(rename) X(renameat) X(ftruncate)             \
	X(posix_fallocate) X(mmap) X(inotify_add_watch) X(inotify_init1)     \
	X(epoll_wait) X(epoll_ctl) X(link) X(unlink) X(unlinkat) X(mkstemp)  \
	X(copy_file_range) X(fopen) X(fdopen) X(fflush) X(fclose) X(fstat)   \
	X(lstat) X(stat) X(statvfs) X(fchmod) X(fcntl) X(flock) X(lseek)     \
	X(opendir) X(msync) X(dup) X(fork) X(malloc) X(calloc) X(realloc)
/* clang-format on */

#define BIT(name) BIT_##name,
enum { CALLS(BIT) NCALLS };
#undef BIT

enum { CALLS_MAX = 64, PATH_BYTES = 256, NAME_BYTES = 32, ORDER_MAX = 1024 };

struct page {
	uint32_t action, error, first, times;
	uint64_t calls;
	char path[PATH_BYTES];
	_Atomic uint32_t matched, hits;
	_Atomic uint32_t seen[CALLS_MAX];  /* matching calls, of each name */
	char last[NAME_BYTES];		   /* the call that was hit last */
	char names[CALLS_MAX][NAME_BYTES]; /* for the test to read */
	uint8_t order[ORDER_MAX];	   /* the first matching calls */
	_Atomic uint32_t released;	   /* of the calls that PAUSE */
};

static struct page *page; /* NULL: not our program */

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(name, programs[i]) == 0)
			return true;
	return false;
}

__attribute__((constructor)) static void
attach(void)
{
	const char *file = getenv("FAULTS");
	struct page *map;
	int fd;

	if (file == NULL || !is_ours(program_invocation_short_name))
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	map = (struct page *)syscall(SYS_mmap, NULL, sizeof(*page),
				     PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (map == MAP_FAILED)
		return;
#define NAME(name) strcpy(map->names[BIT_##name], #name);
	CALLS(NAME)
#undef NAME
	page = map;
}

/* ---- what happens to a call ---- */

static bool
path_matches(const char *path, int fd)
{
	char link[32], name[1024] = "";

	if (page->path[0] == '\0')
		return true;
	if (path == NULL && fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (syscall(SYS_readlink, link, name, sizeof(name) - 1) < 0)
			return false;
		path = name;
	}
	return path != NULL && strstr(path, page->path) != NULL;
}

/* What is to be done to this call; errno is set if it is to fail. */
static enum action
verdict(int call, const char *path, int fd)
{
	static const struct timespec moment = {.tv_nsec = 200000};
	int saved = errno;
	uint32_t n, end;

	if (page == NULL || (page->calls & UINT64_C(1) << call) == 0 ||
	    !path_matches(path, fd)) {
		errno = saved;
		return COUNT;
	}
	atomic_fetch_add(&page->seen[call], 1);
	n = atomic_fetch_add(&page->matched, 1) + 1;
	if (n <= ORDER_MAX)
		page->order[n - 1] = (uint8_t)call;
	end = page->times == 0 ? UINT32_MAX : page->first + page->times;
	errno = saved;
	if (page->action == COUNT || n < page->first || n >= end)
		return COUNT;
	memcpy(page->last, page->names[call], NAME_BYTES);
	atomic_fetch_add(&page->hits, 1);
	if (page->action == KILL)
		kill(0, SIGKILL);
	if (page->action == DIE)
		kill(getpid(), SIGKILL);
	while (page->action == PAUSE && page->calls != 0 &&
	       page->released < page->hits)
		syscall(SYS_nanosleep, &moment, NULL);
	if (page->action == FAIL)
		errno = (int)page->error;
	return page->action;
}

static size_t
half_if(enum action action, size_t size)
{
	return action == SHORT ? (size + 1) / 2 : size;
}

/* The function that ours replaces. */
static void *
behind(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Defines name() with the arguments and the body of a call that names a path
 * or a descriptor. */
#define WRAP(type, failed, name, arguments, values, path, fd) \
	type name arguments;                                  \
	type name arguments                                   \
	{                                                     \
		static type(*real) arguments;                 \
		if (real == NULL)                             \
			*(void **)&real = behind(#name);      \
		if (verdict(BIT_##name, path, fd) == FAIL)    \
			return failed;                        \
		return real values;                           \
	}

/* The same, where half can be done. */
#define WRAP_SIZE(name, arguments, values)                          \
	ssize_t name arguments;                                     \
	ssize_t name arguments                                      \
	{                                                           \
		static ssize_t(*real) arguments;                    \
		enum action action = verdict(BIT_##name, NULL, fd); \
		if (real == NULL)                                   \
			*(void **)&real = behind(#name);            \
		if (action == FAIL)                                 \
			return -1;                                  \
		size = half_if(action, size);                       \
		return real values;                                 \
	}

WRAP_SIZE(read, (int fd, void *data, size_t size), (fd, data, size))
WRAP_SIZE(write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP_SIZE(pread, (int fd, void *data, size_t size, off_t at),
	  (fd, data, size, at))
WRAP_SIZE(pwrite, (int fd, const void *data, size_t size, off_t at),
	  (fd, data, size, at))
WRAP_SIZE(copy_file_range,
	  (int from, off_t *from_at, int fd, off_t *at, size_t size,
	   unsigned int flags),
	  (from, from_at, fd, at, size, flags))
WRAP(ssize_t, -1, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
     NULL, fd)
WRAP(int, -1, fsync, (int fd), (fd), NULL, fd)
WRAP(int, -1, fdatasync, (int fd), (fd), NULL, fd)
WRAP(int, -1, ftruncate, (int fd, off_t size), (fd, size), NULL, fd)
WRAP(int, errno, posix_fallocate, (int fd, off_t at, off_t size),
     (fd, at, size), NULL, fd)
WRAP(int, -1, rename, (const char *from, const char *to), (from, to), to, -1)
WRAP(int, -1, renameat, (int dir, const char *from, int to_dir, const char *to),
     (dir, from, to_dir, to), to, to_dir)
WRAP(int, -1, link, (const char *from, const char *to), (from, to), to, -1)
WRAP(int, -1, unlink, (const char *path), (path), path, -1)
WRAP(int, -1, unlinkat, (int dir, const char *path, int flags),
     (dir, path, flags), NULL, dir)
WRAP(int, -1, mkstemp, (char *path), (path), path, -1)
WRAP(int, -1, fstat, (int fd, struct stat *st), (fd, st), NULL, fd)
WRAP(int, -1, lstat, (const char *path, struct stat *st), (path, st), path, -1)
WRAP(int, -1, stat, (const char *path, struct stat *st), (path, st), path, -1)
WRAP(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), NULL, fd)
WRAP(off_t, -1, lseek, (int fd, off_t at, int whence), (fd, at, whence), NULL,
     fd)
WRAP(int, -1, msync, (void *at, size_t size, int flags), (at, size, flags),
     NULL, -1)
WRAP(int, -1, dup, (int fd), (fd), NULL, fd)
WRAP(int, -1, inotify_init1, (int flags), (flags), NULL, -1)
WRAP(int, -1, inotify_add_watch, (int fd, const char *path, uint32_t mask),
     (fd, path, mask), path, -1)
WRAP(int, -1, epoll_wait, (int fd, struct epoll_event *v, int n, int timeout),
     (fd, v, n, timeout), NULL, fd)
WRAP(int, -1, epoll_ctl, (int fd, int op, int other, struct epoll_event *v),
     (fd, op, other, v), NULL, other)
WRAP(void *, MAP_FAILED, mmap,
     (void *at, size_t size, int prot, int flags, int fd, off_t offset),
     (at, size, prot, flags, fd, offset), NULL, fd)
WRAP(void *, NULL, opendir, (const char *path), (path), path, -1)
WRAP(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode),
     path, -1)
WRAP(int, -1, flock, (int fd, int how), (fd, how), NULL, fd)
WRAP(int, -1, statvfs, (const char *path, struct statvfs *st), (path, st), path,
     -1)
WRAP(pid_t, -1, fork, (void), (), NULL, -1)
WRAP(FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode), NULL, fd)
WRAP(int, EOF, fflush, (FILE * file), (file), NULL, file ? fileno(file) : -1)

/* A close that fails has closed all the same. */
int
fclose(FILE *file)
{
	static int (*real)(FILE *);
	bool fails = verdict(BIT_fclose, NULL, fileno(file)) == FAIL;
	int saved = errno, result;

	if (real == NULL)
		*(void **)&real = behind("fclose");
	result = real(file);
	if (!fails)
		return result;
	errno = saved;
	return EOF;
}

/* ---- with a mode that may be there ---- */

static mode_t
mode_of(int flags, va_list ap)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0
		   ? (mode_t)va_arg(ap, unsigned int)
		   : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (verdict(BIT_open, path, -1) == FAIL)
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (verdict(BIT_openat, path, -1) == FAIL)
		return -1;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

int
fcntl(int fd, int command, ...)
{
	va_list ap;
	void *argument;

	va_start(ap, command);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (verdict(BIT_fcntl, NULL, fd) == FAIL)
		return -1;
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* ---- memory: these may not call dlsym(), which allocates ---- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *
malloc(size_t size)
{
	return verdict(BIT_malloc, NULL, -1) == FAIL ? NULL
						     : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return verdict(BIT_calloc, NULL, -1) == FAIL ? NULL
						     : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return verdict(BIT_realloc, NULL, -1) == FAIL
		   ? NULL
		   : __libc_realloc(old, size);
}
