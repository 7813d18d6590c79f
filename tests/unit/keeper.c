/* The keeper: the command returns when the daemon is ready, signals reach the
 * daemon, the death of the worker clears the map and starts another, and all
 * processes end together. */
#include "daemon/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/lockfile.h"
#include "maps/map.h"
#include "tests/tap.h"

enum { PATIENCE_MS = 10000 };

enum end { STOPPED, FAILING, WRITING };

static char dir[] = "/tmp/pbs-keeper.XXXXXX";
static char *pidfile, *map, *state, *log_file, *error_file, *pipe_name;

/* What a worker says, it says through this pipe; when all processes that could
 * are gone, it is at its end. */
struct kept {
	int said;
	int code; /* of the command */
};

/* ---- the daemon of this test: says what happens to it ---- */

static void
work(const struct handover *handover)
{
	/* A worker keeps none of its keeper's descriptors. */
	int signo, out = open(pipe_name, O_WRONLY | O_CLOEXEC);
	sigset_t signals;

	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	daemonize_redirect(daemonize_open_null());
	ipc_client_ready(handover->client);
	dprintf(out, "worker %ld\n", (long)getpid());
	while (sigwait(&signals, &signo) == 0 && signo != SIGTERM)
		dprintf(out, "signal %d\n", signo);
	dprintf(out, "end\n");
	_exit(0);
}

static void
fail(void)
{
	dprintf(2, "cannot start\n");
	_exit(78);
}

static bool one_row(void *arg, struct map_row *);

/* Before it says that it is ready. */
static void
write_and_fail(const struct handover *handover)
{
	bool done = false;
	const struct map_rows rows = {one_row, &done, 1};
	struct err err;

	if (map_replace(handover->maps[0], &rows, &err) != 0)
		dprintf(2, "%s\n", err.text);
	dprintf(2, "has written\n");
	_exit(78);
}

/* ---- its command ---- */

static int
no_conf(void *arg, struct helper *helper, struct conf *conf, struct err *err)
{
	(void)arg;
	(void)helper;
	(void)conf;
	return err_set(err, "not in this test");
}

static void
command(enum end end)
{
	struct conf conf = {.pidfile = pidfile,
			    .checkpoint = state,
			    .logto = log_file,
			    .grace = 1800,
			    .max_addresses = 1000,
			    .write = true};
	struct handover handover;
	int code, error = open(error_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err err;

	dup2(error, 2);
	close(error);
	strings_add(&conf.maps, map);
	log_open(log_file, false, &err);
	switch (keeper_run(&conf, no_conf, NULL, &handover, &code, &err)) {
	case 1:
		if (end == FAILING)
			fail();
		if (end == WRITING)
			write_and_fail(&handover);
		work(&handover);
		break;
	case 0:
		strings_clear(&conf.maps);
		_exit(code);
	}
	dprintf(2, "%s\n", err.text);
	_exit(99);
}

static struct kept
start(enum end end)
{
	static int count;
	struct kept k;
	int out, status;
	pid_t pid;

	pipe_name[strlen(pipe_name) - 1] = (char)('0' + count++);
	if (mkfifo(pipe_name, 0600) != 0)
		abort();
	k.said = open(pipe_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = open(pipe_name, O_WRONLY); /* stays open as long as a keeper */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(k.said);
		command(end);
	}
	close(out);
	waitpid(pid, &status, 0);
	k.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return k;
}

/* kill(2) takes -1 for everybody: a pid that never came must not get there. */
static void
send_signal(pid_t pid, int signo)
{
	if (pid <= 1) {
		printf("Bail out! no process to end\n");
		fflush(stdout);
		_exit(1);
	}
	kill(pid, signo);
}

/* ---- what can be seen ---- */

/* The next line; "" at the end, NULL if none comes. Static. */
static const char *
next_line(const struct kept *k)
{
	static char line[80];
	size_t len = 0;
	struct pollfd p = {.fd = k->said, .events = POLLIN};

	while (len < sizeof(line) - 1) {
		if (poll(&p, 1, PATIENCE_MS) != 1)
			return NULL;
		if (read(k->said, line + len, 1) != 1 || line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	return line;
}

static pid_t
worker(const struct kept *k)
{
	const char *line = next_line(k);

	return line != NULL && strncmp(line, "worker ", 7) == 0
		   ? (pid_t)atol(line + 7)
		   : -1;
}

static char *
contents(const char *path, size_t *len)
{
	char *text = alloc_zero(1 << 20, 1);
	FILE *f = fopen(path, "re");

	*len = f != NULL ? fread(text, 1, (1 << 20) - 1, f) : 0;
	if (f != NULL)
		fclose(f);
	return text;
}

static bool
holds(const char *path, const char *what)
{
	size_t len;
	char *text = contents(path, &len);
	bool found = memmem(text, len, what, strlen(what)) != NULL;

	free(text);
	return found;
}

static pid_t
keeper(void)
{
	size_t len;
	char *text = contents(pidfile, &len);
	pid_t pid = (pid_t)atol(text);

	free(text);
	return pid;
}

static pid_t
parent_of(pid_t pid)
{
	char *path = alloc_format("/proc/%ld/stat", (long)pid), *text;
	size_t len;
	long parent = -1;

	text = contents(path, &len);
	if (len > 0)
		sscanf(strrchr(text, ')'), ") %*c %ld", &parent);
	free(text);
	free(path);
	return (pid_t)parent;
}

/* ---- a map with somebody in it ---- */

static bool
one_row(void *arg, struct map_row *row)
{
	struct timespec now;
	bool *done = arg;

	memset(row, 0, sizeof(*row));
	addr_parse(&row->addr, "192.0.2.77", 10);
	row->when = 1700000000;
	row->present = true;
	clock_gettime(CLOCK_BOOTTIME, &now);
	row->expires = now.tv_sec + 60;
	*done = !*done;
	return *done;
}

static void
fill_map(void)
{
	const struct map_settings settings = {.flock = true};
	bool done = false;
	const struct map_rows rows = {one_row, &done, 1};
	struct err err;
	struct map *m = map_open(map, "hash", &settings, &err);

	if (m == NULL || map_replace(m, &rows, &err) != 0)
		printf("# %s\n", err.text);
	map_close(&m);
}

static bool
somebody_in_map(void)
{
	char *path = alloc_format("%s.db", strchr(map, ':') + 1);
	bool there = holds(path, "192.0.2.77");

	free(path);
	return there;
}

/* ---- the tests ---- */

static void
ends_together(struct kept *k)
{
	is_str(next_line(k), "end", "SIGTERM to the keeper stops the daemon");
	is_str(next_line(k), "", "and ends both");
	ok(access(pidfile, F_OK) != 0, "and the pid file is gone");
	close(k->said);
}

static void
detaches(void)
{
	struct kept k = start(STOPPED), second;
	pid_t pid = worker(&k);
	char *named;

	is_int(k.code, 0, "the command returns when the daemon is ready");
	ok(keeper() > 0 && parent_of(pid) == keeper(),
	   "the pid file names the keeper");
	is_int(getsid(keeper()), keeper(), "which has a session of its own");

	second = start(STOPPED);
	is_int(second.code, 99, "a second one is refused");
	named = alloc_format("held by process %ld", (long)keeper());
	ok(holds(error_file, named), "and the first is named");
	free(named);
	close(second.said);

	send_signal(keeper(), SIGUSR1);
	named = alloc_format("signal %d", SIGUSR1);
	is_str(next_line(&k), named, "SIGUSR1 is passed on");
	free(named);
	send_signal(keeper(), SIGTERM);
	ends_together(&k);
}

static void
cannot_start(void)
{
	struct kept k;

	fill_map();
	k = start(FAILING);
	is_int(k.code, 78, "the command ends with the daemon's exit code");
	is_str(next_line(&k), "", "no keeper stays");
	ok(holds(error_file, "cannot start"), "its message is seen");
	ok(access(pidfile, F_OK) != 0, "no pid file is left");
	ok(somebody_in_map(), "the map, perhaps another's, is as it was");
	close(k.said);
}

static void
starts_badly(void)
{
	struct kept k = start(WRITING);

	is_int(k.code, 78, "a first worker that fails when it has written");
	is_str(next_line(&k), "", "ends all");
	ok(holds(error_file, "has written\n"), "having written");
	ok(!somebody_in_map(), "and leaves nobody in the map");
	close(k.said);
}

static void
comes_back(void)
{
	struct kept k = start(STOPPED);
	pid_t first = worker(&k), second;

	fill_map();
	ok(somebody_in_map(), "somebody is authorized");
	send_signal(first, SIGKILL);
	second = worker(&k);
	ok(second > 0 && second != first, "the dead daemon is replaced");
	ok(!somebody_in_map(), "and nobody is authorized");
	ok(holds(log_file, " died of signal 9"), "its death is logged");
	ok(holds(log_file, "restarting the worker in 1s"), "and the rest");
	send_signal(second, SIGKILL);
	ok(worker(&k) > 0, "and again");
	ok(holds(log_file, "restarting the worker in 2s"), "after longer");
	send_signal(keeper(), SIGTERM);
	ends_together(&k);
}

/* Between a death and the next start there is only the keeper. */
static void
stopped_in_between(void)
{
	struct kept k = start(STOPPED);
	pid_t pid = keeper();

	send_signal(worker(&k), SIGKILL);
	send_signal(pid, SIGTERM);
	for (const char *line = next_line(&k); line != NULL && *line != '\0';)
		line = next_line(&k);
	ok(access(pidfile, F_OK) != 0, "SIGTERM while it waits ends it");
	close(k.said);
}

static void
killed_keeper(void)
{
	struct kept k = start(STOPPED);
	pid_t pid = worker(&k);

	ok(pid > 0, "a daemon and its keeper");
	send_signal(keeper(), SIGKILL);
	is_str(next_line(&k), "", "a keeper that is killed takes it along");
	close(k.said);
	ok(access(pidfile, F_OK) == 0, "but the pid file is");
	k = start(STOPPED);
	is_int(k.code, 0, "which holds up nobody");
	ok(worker(&k) > 0, "a new one runs");
	send_signal(keeper(), SIGTERM);
	ends_together(&k);
}

static void
locks(void)
{
	char *path = alloc_format("%s/lock", dir);
	struct lockfile *lock, *other;
	struct err err;

	lock = lockfile_take(path, NULL, &err);
	ok(lock != NULL, "a lock");
	other = lockfile_take(path, NULL, &err);
	ok(other == NULL, "is one's");
	lockfile_release(&lock);
	ok(lock == NULL && access(path, F_OK) != 0, "and leaves nothing");
	ok(symlink("/etc/passwd", path) == 0 &&
	       lockfile_take(path, NULL, &err) == NULL,
	   "a link is not followed");
	unlink(path);
	free(path);
}

/* Whoever is left: orphans become our children. */
static void
end_all(void)
{
	char *path =
	    alloc_format("/proc/self/task/%ld/children", (long)getpid());
	size_t len;

	for (int rounds = 0; rounds < 100; rounds++) {
		char *text = contents(path, &len), *at, *word;

		for (word = strtok_r(text, " ", &at); word != NULL;
		     word = strtok_r(NULL, " ", &at))
			send_signal((pid_t)atol(word), SIGKILL);
		free(text);
		if (len == 0)
			break;
		wait(NULL);
	}
	free(path);
}

/* A test that hangs leaves nobody behind either. */
static void
on_alarm(int signo)
{
	(void)signo;
	printf("not ok - took too long\n");
	fflush(stdout);
	end_all();
	_exit(1);
}

static void
clean_up(void)
{
	const char *argv[] = {"rm", "-rf", dir, NULL};
	pid_t pid;

	end_all();
	pid = fork();
	if (pid == 0)
		execvp(argv[0], (char *const *)argv);
	waitpid(pid, NULL, 0);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGALRM, on_alarm);
	alarm(60);
	pidfile = alloc_format("%s/pid", dir);
	map = alloc_format("hash:%s/pbs", dir);
	state = alloc_format("%s/state", dir);
	log_file = alloc_format("%s/log", dir);
	error_file = alloc_format("%s/errors", dir);
	pipe_name = alloc_format("%s/pipe0", dir);
	locks();
	detaches();
	cannot_start();
	starts_badly();
	comes_back();
	stopped_in_between();
	killed_keeper();
	clean_up();
	free(pidfile);
	free(map);
	free(state);
	free(log_file);
	free(error_file);
	return tap_done();
}
