/*
 * gcovexit: linked into programs that are built for make coverage alone.
 *
 * A process that ends by _exit, as a child of fork does, leaves its counts
 * behind as one that ends by exit. And what would forbid it to write them,
 * seccomp and Landlock, is prepared but not put in force.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

void __gcov_dump(void);
int seccomp_load(void *filter);

void
_exit(int status)
{
	__gcov_dump();
	for (;;)
		syscall(SYS_exit_group, status);
}

int
seccomp_load(void *filter)
{
	(void)filter;
	return 0;
}

long
syscall(long number, ...)
{
	long (*real)(long, ...) =
	    (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list ap;

	if (number == SYS_landlock_restrict_self)
		return 0;
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
