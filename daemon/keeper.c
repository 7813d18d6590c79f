#include "daemon/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/lock.h"
#include "maps/map.h"

enum {
	PAUSE_MAX = 60, /* seconds before a child that keeps dying comes back */
	PROVEN = 60,	/* seconds of life after which a death is a first one */
	STOP_SECONDS = 20 /* for a clean stop; a child that hangs is killed */
};

struct keeper {
	const struct conf *conf;
	struct lock *pidfile;
	sigset_t old_mask, news; /* as it was; all that sigwait tells us */
	int command; /* who typed the command waits behind it; -1 = told */
	int ready;   /* what the child tells; -1 = it has, or there is none */
	pid_t child; /* 0 = none */
	time_t started;
	unsigned int pause;
	bool stopping, over;
	int code;
};

/* The keeper has no loop: it sits in sigtimedwait(2) and nowhere else. */
static time_t
steady(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

void
keeper_ready(int ready_fd)
{
	if (write(ready_fd, "", 1) != 1)
		log_warning("could not tell the keeper: %s", strerror(errno));
	close(ready_fd);
	leave_terminal();
}

/* Lets the command return with code. */
static void
tell_command(struct keeper *k, int code)
{
	unsigned char byte = (unsigned char)code;

	if (k->command < 0)
		return;
	if (write(k->command, &byte, 1) != 1)
		log_debug("nobody waits for the start any more");
	close_fd(&k->command);
	leave_terminal();
}

/* ---- the child ---- */

/* Its first byte raises SIGIO: news like all other. */
static int
open_ready_pipe(int pipes[2], struct err *err)
{
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	fcntl(pipes[0], F_SETOWN, getpid());
	fcntl(pipes[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	return 0;
}

/* A keeper that was killed takes its child along: nobody would be there to
 * clear the maps after it. */
static void
become_child(struct keeper *k, pid_t keeper)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != keeper)
		_exit(EX_SOFTWARE);
	sigprocmask(SIG_SETMASK, &k->old_mask, NULL);
	close_fd(&k->command);
	lock_forget(&k->pidfile);
}

/* 1 in the child, 0 in the keeper, -1: there is none. */
static int
start_child(struct keeper *k, int *ready_fd, struct err *err)
{
	pid_t keeper = getpid();
	int pipes[2];

	if (open_ready_pipe(pipes, err) != 0)
		return -1;
	k->started = steady();
	k->child = fork();
	if (k->child == 0) {
		become_child(k, keeper);
		close(pipes[0]);
		*ready_fd = pipes[1];
		return 1;
	}
	close(pipes[1]);
	k->ready = pipes[0];
	if (k->child > 0)
		return 0;
	k->child = 0;
	close_fd(&k->ready);
	return err_set(err, "fork: %s", strerror(errno));
}

static void
check_ready(struct keeper *k)
{
	char byte;

	if (k->ready < 0 || read(k->ready, &byte, 1) != 1)
		return;
	close_fd(&k->ready);
	tell_command(k, EX_OK);
}

/* ---- its death ---- */

static void
clear_map(const struct conf *conf, const char *name)
{
	const struct map_settings settings = conf_map_settings(conf);
	struct err err;
	struct map *map = map_open(name, "hash", &settings, &err);

	if (map == NULL || map_clear(map, &err) != 0)
		log_error("%s", err.text);
	else
		log_warning("cleared %s", name);
	if (map != NULL)
		map_close(&map);
}

static void
clear_maps(const struct keeper *k)
{
	for (size_t i = 0; k->conf->write && i < k->conf->maps.count; i++)
		if (!map_spec_is_live(k->conf->maps.list[i]))
			clear_map(k->conf, k->conf->maps.list[i]);
}

static void
say_death(int status)
{
	if (WIFSIGNALED(status))
		log_error("the daemon died of signal %d (%s)", WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
	else
		log_error("the daemon died with exit code %d",
			  WEXITSTATUS(status));
}

static void
finish(struct keeper *k, int code)
{
	k->over = true;
	k->code = code;
	tell_command(k, code);
}

static void
plan_restart(struct keeper *k)
{
	if (k->pause == 0 || steady() - k->started >= PROVEN)
		k->pause = 1;
	else
		k->pause = k->pause < PAUSE_MAX / 2 ? k->pause * 2 : PAUSE_MAX;
	log_warning("starting the daemon anew in %us", k->pause);
}

/* A first start that fails has changed no map; perhaps it failed because they
 * are another daemon's. After that whatever dies leaves no word behind. */
static void
mourn(struct keeper *k, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == EX_OK;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;

	if (clean || k->command >= 0) {
		finish(k, code);
		return;
	}
	clear_maps(k);
	say_death(status);
	if (k->stopping)
		finish(k, code);
	else
		plan_restart(k);
}

static void
reap(struct keeper *k)
{
	int status;

	if (k->child == 0 || waitpid(k->child, &status, WNOHANG) != k->child)
		return;
	k->child = 0;
	close_fd(&k->ready);
	mourn(k, status);
}

/* ---- the keeper's life ---- */

static void
pass_on(struct keeper *k, int signo)
{
	if (signo == SIGTERM || signo == SIGINT)
		k->stopping = true;
	if (k->child > 0)
		kill(k->child, signo);
	else if (k->stopping)
		finish(k, EX_OK);
}

/* The next signal, or 0: the time is over. */
static int
await_news(const struct keeper *k)
{
	struct timespec time = {.tv_sec = k->stopping ? STOP_SECONDS
						      : (time_t)k->pause};
	int signo;

	do {
		signo = k->child > 0 && !k->stopping
			    ? sigwaitinfo(&k->news, NULL)
			    : sigtimedwait(&k->news, NULL, &time);
	} while (signo < 0 && errno == EINTR);
	return signo > 0 ? signo : 0;
}

/* 1 in a child, 0 when all is over. */
static int
keep(struct keeper *k, int *ready_fd)
{
	struct err err;

	while (!k->over) {
		int signo = await_news(k), started = 0;

		check_ready(k);
		if (signo == 0 && k->child > 0)
			kill(k->child, SIGKILL);
		else if (signo == 0)
			started = start_child(k, ready_fd, &err);
		else if (signo == SIGCHLD)
			reap(k);
		else if (signo != SIGIO)
			pass_on(k, signo);
		if (started > 0)
			return 1;
		if (started < 0)
			log_error("%s", err.text);
	}
	return 0;
}

static void
block_signals(struct keeper *k)
{
	static const int signals[] = {SIGTERM, SIGINT,	SIGHUP,
				      SIGUSR1, SIGCHLD, SIGIO};

	sigemptyset(&k->news);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&k->news, signals[i]);
	sigprocmask(SIG_BLOCK, &k->news, &k->old_mask);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

static int
be_keeper(struct keeper *k, int *ready_fd, int *code)
{
	struct err err;
	int started;

	setsid();
	lock_adopt(k->pidfile);
	block_signals(k);
	started = start_child(k, ready_fd, &err);
	if (started < 0) {
		log_error("%s", err.text);
		finish(k, EX_OSERR);
	}
	if (started > 0 || keep(k, ready_fd) > 0)
		return 1;
	lock_release(&k->pidfile);
	*code = k->code;
	return 0;
}

/* The command that was typed: returns when the daemon is ready. */
static int
be_command(int wait_fd, int *code)
{
	unsigned char byte;
	ssize_t n;

	do {
		n = read(wait_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	*code = n == 1 ? byte : EX_SOFTWARE;
	close(wait_fd);
	return 0;
}

int
keeper_run(const struct conf *conf, int *ready_fd, int *code, struct err *err)
{
	struct keeper k = {.conf = conf, .ready = -1};
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	k.command = pipes[1];
	k.pidfile = lock_take(conf->pidfile, err);
	pid = k.pidfile != NULL ? fork() : -1;
	if (pid < 0) {
		if (k.pidfile != NULL)
			err_set(err, "fork: %s", strerror(errno));
		lock_release(&k.pidfile);
		close(pipes[0]);
		close(pipes[1]);
		return -1;
	}
	if (pid == 0) {
		close(pipes[0]);
		return be_keeper(&k, ready_fd, code);
	}
	lock_forget(&k.pidfile);
	close(pipes[1]);
	return be_command(pipes[0], code);
}
