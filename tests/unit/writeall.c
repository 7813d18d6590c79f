/* Writing all bytes, in spite of signals and of a pipe that takes only some. */
#include "base/writeall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/tap.h"

enum { TICK_US = 2000, IDLE_TICKS = 10, SIZE = 1024 * 1024 };

static int from, to;
static char got[SIZE];
static volatile sig_atomic_t ticks, nread;

/* Reads what is in the pipe; it may be empty. */
static ssize_t
drain(void)
{
	ssize_t n = read(from, got + nread, (size_t)(SIZE - nread));

	nread += n > 0 ? (sig_atomic_t)n : 0;
	return n;
}

/* The first signals find a full pipe and leave it full; the others drain it. */
static void
tick(int sig)
{
	int saved = errno;

	(void)sig;
	if (++ticks > IDLE_TICKS)
		drain();
	errno = saved;
}

static void
start_ticking(void)
{
	struct sigaction action = {.sa_handler = tick}; /* no SA_RESTART */
	struct itimerval every = {{0, TICK_US}, {0, TICK_US}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void
stop_ticking(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
}

/* Returns how many bytes the pipe took. */
static int
fill_pipe(const char *bytes)
{
	int flags = fcntl(to, F_GETFL);
	ssize_t n;

	fcntl(to, F_SETFL, flags | O_NONBLOCK);
	n = write(to, bytes, SIZE);
	fcntl(to, F_SETFL, flags);
	return (int)n;
}

static void
interrupted(void)
{
	char *bytes = malloc(SIZE);
	int first, code;

	for (int i = 0; i < SIZE; i++)
		bytes[i] = (char)(i / 1000 + i);
	first = fill_pipe(bytes);
	ok(first > 0 && first < SIZE, "the pipe is full with %d bytes", first);
	start_ticking();
	code = writeall(to, bytes + first, (size_t)(SIZE - first));
	stop_ticking();
	is_int(code, 0, "signals that found the pipe full do no harm");
	while (drain() > 0)
		;
	ok(nread == SIZE && memcmp(got, bytes, SIZE) == 0, "every byte comes, in order");
	free(bytes);
}

static void
failing(void)
{
	signal(SIGPIPE, SIG_IGN);
	is_int(writeall(to, "", 0), 0, "nothing to write is no error");
	close(from);
	is_int(writeall(to, "x", 1), -1, "a pipe that nobody reads is one");
	is_int(errno, EPIPE, "errno says which");
}

int
main(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return 1;
	from = ends[0];
	to = ends[1];
	fcntl(from, F_SETFL, O_NONBLOCK);
	interrupted();
	failing();
	return tap_done();
}
