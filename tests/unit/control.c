/* The control socket: requests and their answers; clients that are slow,
 * silent or many; and the socket that a dead or a running daemon has left. */
#include "daemon/worker/control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/listing.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/unixsocket.h"
#include "daemon/table/authtab.h"
#include "tests/tap.h"

enum { NOW = 1700000000, LIFETIME = 5000, GRACE = 1800, MANY = 20000 };

static char dir[] = "/tmp/pbs-control.XXXXXX";
static char *path;

static void
status(void *arg, FILE *out)
{
	(void)arg;
	fputs("lines 7\n", out);
}

static struct moment
now(void *arg)
{
	(void)arg;
	return (struct moment){NOW, LIFETIME};
}

static const char *
refuse(void *arg, const struct addr *addr)
{
	(void)arg;
	return addr->bytes[0] == 10 ? "excluded 10.0.0.0/8" : NULL;
}

static void
events(void *arg, uint64_t since, FILE *out)
{
	(void)arg;
	fprintf(out, "%llu\n", (unsigned long long)since + 1);
}

/* There are no other hosts. */
static bool
peers(void *arg, FILE *out)
{
	(void)arg;
	(void)out;
	return false;
}

static const char *
added(void *arg, const struct authtab_login *login, int64_t seconds)
{
	(void)arg;
	(void)seconds;
	return login->user_len == 4 ? "here only" : NULL;
}

static const char *
removed(void *arg, const struct addr *addr)
{
	(void)arg;
	(void)addr;
	return NULL;
}

static void
grant(struct authtab *table, const char *address, const char *user)
{
	struct authtab_login login = {.user = user,
				      .user_len = user ? strlen(user) : 0,
				      .when = NOW - 100,
				      .expires = LIFETIME + GRACE - 100};

	if (user != NULL)
		login.rule = authtab_rule(table, "pop");
	addr_parse(&login.addr, address, strlen(address));
	authtab_grant(table, &login, LIFETIME);
}

/* The daemon's side, in a process of its own; a byte on fd when it listens. */
static void
serve(int fd, size_t many)
{
	const struct control_ops ops = {.status = status,
					.events = events,
					.peers = peers,
					.now = now,
					.refuse = refuse,
					.added = added,
					.removed = removed};
	struct err err;
	struct loop *loop = loop_new(&err);
	struct authtab *table = authtab_new(GRACE, 1000000, NULL, NULL);
	struct control *control;
	struct stat node;

	log_open("/dev/null", false, &err);
	grant(table, "192.0.2.7", "ann");
	grant(table, "192.0.2.7", "bob, the % one");
	grant(table, "2001:db8:1:2::7", NULL);
	for (size_t i = 0; i < many; i++) {
		char text[32];

		snprintf(text, sizeof(text), "198.18.%zu.%zu", i / 250 % 250,
			 i % 250);
		grant(table, text, "a-user-with-quite-a-long-name@example.com");
	}
	control =
	    control_new(loop, unixsocket_listen(path, 0600, 16, &node, &err),
			table, &ops, &err);
	if (control == NULL || write(fd, "", 1) != 1)
		_exit(1);
	loop_run(loop, &err);
	_exit(0);
}

static pid_t
start(size_t many)
{
	int pipes[2];
	char byte;
	pid_t pid;

	if (pipe(pipes) != 0)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		serve(pipes[1], many);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		printf("# the server did not start\n");
	close(pipes[0]);
	return pid;
}

static void
stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The answer's lines; the caller frees them. */
static char *
ask(const char *request, enum ctlsocket_reply *reply, struct err *err)
{
	char *answer = NULL;
	size_t len;
	FILE *out = open_memstream(&answer, &len);

	err_set(err, "-");
	*reply = ctlsocket_ask(path, request, out, err);
	fclose(out);
	return answer;
}

static void
is_answer(const char *request, enum ctlsocket_reply want, const char *lines,
	  const char *why)
{
	enum ctlsocket_reply reply;
	struct err err;
	char *answer = ask(request, &reply, &err);

	is_int(reply, want, "%s: reply", request);
	is_str(answer, lines, "%s: lines", request);
	is_str(err.text, why, "%s: why", request);
	free(answer);
}

static void
requests(void)
{
	pid_t pid = start(0);

	is_answer("show 192.0.2.7", CTLSOCKET_YES,
		  "192.0.2.7 1699999900 1700001700 "
		  "bob%2C%20the%20%25%20one,ann pop\n",
		  "-");
	is_answer("show 2001:db8:1:2::7", CTLSOCKET_YES,
		  "2001:db8:1:2::7 1699999900 1700001700 - -\n", "-");
	is_answer("show 192.0.2.8", CTLSOCKET_NO, "",
		  "192.0.2.8 is not authorized");
	is_answer("status", CTLSOCKET_YES, "lines 7\n", "-");
	is_answer("events 41", CTLSOCKET_YES, "42\n", "-");
	is_answer("events -1", CTLSOCKET_FAILED, "",
		  "not the number of an event");
	is_answer("events", CTLSOCKET_FAILED, "", "unknown request");
	is_answer("peers", CTLSOCKET_NO, "",
		  "peers: is not in the configuration");
	is_answer("peers pop1", CTLSOCKET_FAILED, "", "unknown request");
	is_answer("add 192.0.2.9 60 c%2Cd", CTLSOCKET_YES,
		  "192.0.2.9 1700000000 1700000060 c%2Cd -\n", "-");
	is_answer("add 192.0.2.10 999999", CTLSOCKET_YES,
		  "192.0.2.10 1700000000 1700001800 - -\n", "-");
	is_answer("add 192.0.2.11 0 u", CTLSOCKET_YES,
		  "192.0.2.11 1700000000 1700001800 u -\n", "-");
	is_answer("add 192.0.2.12 60 note", CTLSOCKET_YES,
		  "192.0.2.12 1700000000 1700000060 note -\nhere only\n", "-");
	is_answer("add 10.0.0.1 60", CTLSOCKET_NO, "",
		  "10.0.0.1 is never written: excluded 10.0.0.0/8");
	is_answer("add 192.0.2.9 -60", CTLSOCKET_FAILED, "",
		  "not a number of seconds");
	is_answer("add 192.0.2.9 60x", CTLSOCKET_FAILED, "",
		  "not a number of seconds");
	is_answer("remove 192.0.2.9", CTLSOCKET_YES, "", "-");
	is_answer("show 192.0.2.9", CTLSOCKET_NO, "",
		  "192.0.2.9 is not authorized");
	is_answer("remove 192.0.2.9", CTLSOCKET_NO, "",
		  "192.0.2.9 is not authorized");
	is_answer("show 192.0.2", CTLSOCKET_FAILED, "", "not an address");
	is_answer("", CTLSOCKET_FAILED, "", "unknown request");
	is_answer("list all", CTLSOCKET_FAILED, "", "unknown request");
	is_answer("a b c d e f g h", CTLSOCKET_FAILED, "", "unknown request");
	stop(pid);
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Clients that ask for much and read nothing, or connect and say nothing. */
static void
rude_clients(void)
{
	pid_t pid = start(MANY);
	int fds[CONTROL_CLIENTS_MAX - 1];
	enum ctlsocket_reply reply;
	struct err err;
	char *answer, junk[CONTROL_REQUEST_MAX];

	for (int i = 0; i < CONTROL_CLIENTS_MAX - 1; i++) {
		fds[i] = unixsocket_connect(path, 1000);
		if (i % 2 == 0)
			ok(send(fds[i], "list\n", 5, 0) == 5, "client %d", i);
	}
	answer = ask("list", &reply, &err);
	is_int(reply, CTLSOCKET_YES, "one more is answered meanwhile");
	is_int((long long)count_lines(answer), MANY + 2, "and whole");
	free(answer);
	for (int i = 0; i < CONTROL_CLIENTS_MAX - 1; i++)
		close(fds[i]);
	fds[0] = unixsocket_connect(path, 5000);
	memset(junk, 'x', sizeof(junk));
	send(fds[0], junk, sizeof(junk), MSG_NOSIGNAL);
	is_int(recv(fds[0], junk, sizeof(junk), 0) <= 0, 1,
	       "a request without end is cut off");
	close(fds[0]);
	is_answer("status", CTLSOCKET_YES, "lines 7\n", "-");
	stop(pid);
}

/* More than there are places: the last waits until one gives up its own. */
static void
full_house(void)
{
	pid_t pid = start(0);
	int fds[CONTROL_CLIENTS_MAX + 1];
	char byte = 0;

	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		fds[i] = unixsocket_connect(path, 5000);
	ok(send(fds[CONTROL_CLIENTS_MAX], "status\n", 7, 0) == 7,
	   "one too many asks");
	ok(recv(fds[CONTROL_CLIENTS_MAX], &byte, 1, MSG_DONTWAIT) < 0,
	   "and waits");
	close(fds[0]);
	ok(recv(fds[CONTROL_CLIENTS_MAX], &byte, 1, 0) == 1 && byte == 'l',
	   "until another has gone");
	for (int i = 1; i <= CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	stop(pid);
}

static void
its_place(void)
{
	pid_t pid = start(0);
	char *pid_said = alloc_format("process %ld listens", (long)pid);
	struct stat st, node;
	struct err err;
	FILE *f;

	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");
	is_int(unixsocket_listen(path, 0600, 16, &node, &err), -1,
	       "a live one stays");
	ok(strstr(err.text, pid_said) != NULL, "and its process is named");
	stop(pid);
	free(pid_said);

	{
		enum ctlsocket_reply reply;
		char *answer = ask("status", &reply, &err);

		is_int(reply, CTLSOCKET_NOBODY, "nobody listens any more");
		free(answer);
	}
	pid = start(0);
	is_answer("status", CTLSOCKET_YES, "lines 7\n", "-");
	stop(pid);
	unlink(path);
	f = fopen(path, "w");
	fclose(f);
	is_int(unixsocket_listen(path, 0600, 16, &node, &err), -1,
	       "a plain file stays");
	ok(strstr(err.text, "not a socket") != NULL, "and is reported");
	unlink(path);
}

/* A child that outlives the daemon, be it for a moment, holds its socket. */
static void
its_child(void)
{
	struct stat node;
	struct err err;
	enum ctlsocket_reply reply;
	pid_t daemon, child;
	char *answer;
	int pipefd[2];

	fflush(stdout);
	if (pipe(pipefd) != 0 || (daemon = fork()) < 0)
		abort();
	if (daemon == 0) {
		if (unixsocket_listen(path, 0600, 16, &node, &err) < 0)
			_exit(1);
		child = fork();
		while (child == 0)
			pause();
		_exit(write(pipefd[1], &child, sizeof(child)) < 0);
	}
	waitpid(daemon, NULL, 0);
	ok(read(pipefd[0], &child, sizeof(child)) == sizeof(child),
	   "a daemon has died, and its child has not");
	answer = ask("status", &reply, &err);
	is_int(reply, CTLSOCKET_NOBODY, "nobody listens there");
	free(answer);
	kill(child, SIGKILL);
	close(pipefd[0]);
	close(pipefd[1]);
	unlink(path);
}

/* A torn answer is no answer. */
static void
torn(void)
{
	struct stat node;
	struct err err;
	int fd = unixsocket_listen(path, 0600, 16, &node, &err), client;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		while ((client = accept(fd, NULL, NULL)) < 0 && errno == EAGAIN)
			;
		send(client, "192.0.2.1 1 2 -\nok", 18, MSG_NOSIGNAL);
		_exit(0);
	}
	is_answer("list", CTLSOCKET_FAILED, "192.0.2.1 1 2 -\nok",
		  "the answer is incomplete");
	waitpid(pid, NULL, 0);
	close(fd);
	unlink(path);
}

static void
names(void)
{
	char *name = ctlsocket_path("/var/lib/x/pbs.state");

	is_str(name, "/var/lib/x/pbs.ctl", "beside the checkpoint");
	free(name);
	name = ctlsocket_path("/var/lib/x/state");
	is_str(name, "/var/lib/x/state.ctl", "whatever its name");
	free(name);
}

static void
far_away(void)
{
	char *deep = alloc_format("%s/%0100d", dir, 1), *near = path;

	mkdir(deep, 0700);
	path = alloc_format("%s/ctl", deep);
	its_place();
	its_child();
	free(path);
	path = near;
	rmdir(deep);
	free(deep);
}

static void
listings(void)
{
	static const char *const wrong[] = {
	    "",	       "192.0.2.7",	  "192.0.2.7 1",   "192.0.2.7 1 2",
	    "x 1 2 -", "192.0.2.7 a 2 -", "192.0.2.7 1 2 "};
	struct listing l;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		is_int(listing_read(&l, wrong[i]), -1, "no row: '%s'",
		       wrong[i]);
	is_int(listing_read(&l, "192.0.2.7 1 2 a%2Cb,%2D,c%zz"), 0, "a row");
	is_int((long long)l.users.count, 3, "three users");
	is_str(l.users.list[0], "a,b", "a comma in a name");
	is_str(l.users.list[1], "-", "one whose name is a dash");
	is_str(l.users.list[2], "c%zz", "what is no code stays");
	ok(l.rule == NULL, "no rule, as an older daemon answers");
	listing_clear(&l);
	is_int(listing_read(&l, "192.0.2.7 1 2 -x,b pop"), 0, "with a rule");
	is_str(l.users.list[1], "b", "the users end before it");
	is_str(l.rule, "pop", "and there it is");
	listing_clear(&l);
	is_int(listing_read(&l, "192.0.2.7 1 2 - -"), 0, "without both");
	ok(l.users.count == 0 && l.rule == NULL, "there are none");
	listing_clear(&l);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	path = alloc_format("%s/pbs.ctl", dir);
	names();
	listings();
	requests();
	rude_clients();
	full_house();
	its_place();
	its_child();
	far_away();
	torn();
	free(path);
	rmdir(dir);
	return tap_done();
}
