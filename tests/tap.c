#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned int count, failed;

__attribute__((format(printf, 4, 0))) static bool
report(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	printf("%sok %u - ", good ? "" : "not ", ++count);
	vprintf(fmt, ap);
	putchar('\n');
	if (!good) {
		failed++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

bool
tap_ok(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

bool
tap_int(long long got, long long want, const char *file, int line,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

bool
tap_str(const char *got, const char *want, const char *file, int line,
	const char *fmt, ...)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;
	va_list ap;

	va_start(ap, fmt);
	report(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)",
		       want ? want : "(null)");
	return good;
}

void
tap_skip(const char *what, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++count, what, why);
}

int
tap_done(void)
{
	printf("1..%u\n", count);
	return failed ? 1 : 0;
}
