#include "tests/model/calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
	calls_fn *fn; /* NULL: nothing is to be done */
	void *arg;
	unsigned int left, gap;
	bool opens;
	bool busy;     /* fn makes such calls, too */
	int64_t ahead; /* ms */
} calls;

/* ---- what happens before a call ---- */

static void
happen(void)
{
	calls.busy = true;
	if (!calls.fn(calls.arg))
		calls.fn = NULL;
	calls.busy = false;
}

static void
looked(bool opens)
{
	if (calls.fn == NULL || calls.busy || (calls.opens && !opens) ||
	    calls.left-- > 0)
		return;
	calls.left = calls.gap;
	happen();
}

void
calls_meet(calls_fn *fn, void *arg, unsigned int first, unsigned int gap,
	   bool opens)
{
	calls.fn = fn;
	calls.arg = arg;
	calls.left = first;
	calls.gap = gap;
	calls.opens = opens;
}

void
calls_finish(void)
{
	while (calls.fn != NULL)
		happen();
}

void
calls_pass_time(int64_t ms)
{
	calls.ahead += ms;
}

/* ---- the calls ---- */

int
stat(const char *name, struct stat *st)
{
	looked(false);
	return fstatat(AT_FDCWD, name, st, 0);
}

/* The C library calls it so where offsets have 64 bits. */
struct dirent *
readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) =
	    (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");

	looked(false);
	return real(dir);
}

int
open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	looked(true);
	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return openat(AT_FDCWD, name, flags, mode);
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	long number = SYS_clock_gettime;
	int result;

#ifdef SYS_clock_gettime64 /* where a long has 32 bits, a time may have 64 */
	if (sizeof(out->tv_sec) > sizeof(long))
		number = SYS_clock_gettime64;
#endif
	result = (int)syscall(number, id, out);

	if (result == 0 && id == CLOCK_BOOTTIME) {
		out->tv_sec += calls.ahead / 1000;
		out->tv_nsec += calls.ahead % 1000 * 1000000;
		out->tv_sec += out->tv_nsec / 1000000000;
		out->tv_nsec %= 1000000000;
	}
	return result;
}
