/*
 * pbsctl top: shows live who may relay, who is granted and refused, and whether
 * the maps are written.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "tools/settings.h"
#include "tools/top/watch.h"
#include "tools/verb.h"

/* The command line. */
struct command {
	bool help;
	const char *config, *socket;
	struct strings dbfiles;
};

static const char help[] =
    "usage: pbsctl top [OPTION...]\n"
    "\n"
    "Shows the running daemon on the terminal: how much it reads, who may "
    "relay,\n"
    "the newest grants and refusals, and whether the maps are written.\n"
    "\n"
    "  --config FILE  the daemon's configuration, which gives its socket\n"
    "  --dbfile MAP   the daemon's --dbfile, if it has that flag\n"
    "  --socket PATH  the daemon's socket\n"
    "\n"
    "Keys: q quits; l, u, e and a sort by login, users, expiry and address, s\n"
    "changes to the next of these; / filters; r removes the selected address,\n"
    "but asks first; Tab changes what is shown; the arrows, Page Up and Down,\n"
    "Home and End select an address.\n"
    "\n"
    "Exit: 0 you have quit, 64 wrong usage, 69 no daemon is running, or this\n"
    "terminal cannot be used, 78 FILE cannot be read.\n";

static int
parse(struct command *c, int argc, char **argv)
{
	static const struct option known[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"dbfile", required_argument, NULL, 'd'},
	    {"socket", required_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int option;

	while ((option = verb_option(&verb_top, argc, argv, known)) != -1)
		switch (option) {
		case 'c':
			c->config = optarg;
			break;
		case 'd':
			strings_add(&c->dbfiles, optarg);
			break;
		case 's':
			c->socket = optarg;
			break;
		case 'h':
			c->help = true;
			break;
		default:
			return EX_USAGE;
		}
	if (optind == argc)
		return EX_OK;
	verb_error(&verb_top, "one word too many: '%s'", argv[optind]);
	return EX_USAGE;
}

#ifdef WITHOUT_NCURSES

static int
show(const char *socket, char *status)
{
	(void)socket;
	(void)status;
	verb_error(&verb_top, "pbsctl was built without ncurses; see pbsctl "
			      "status and list");
	return EX_UNAVAILABLE;
}

#else

/* So that the parent process learns which signal it was. */
static void
die_of(int signo)
{
	sigset_t set;

	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signo);
}

static int
show(const char *socket, char *status)
{
	struct err err;
	int code = watch_run(socket, status, &err);

	if (code > 0)
		die_of(code);
	if (code == 0)
		return EX_OK;
	verb_error(&verb_top, "%s", err.text);
	return EX_UNAVAILABLE;
}

#endif

/* Asks once before the terminal is changed. */
static int
find_and_show(const char *socket)
{
	enum ctlsocket_reply reply;
	char *status;
	size_t len;
	FILE *out = open_memstream(&status, &len);
	int code = EX_UNAVAILABLE;
	struct err err;

	reply = ctlsocket_ask(socket, "status", out, &err);
	fclose(out);
	if (reply == CTLSOCKET_YES)
		code = show(socket, status);
	else
		verb_error(&verb_top, "%s%s",
			   reply == CTLSOCKET_NOBODY ? "no daemon is running: "
						     : "",
			   err.text);
	free(status);
	return code;
}

static int
run_command(const struct command *c)
{
	struct err err;
	char *socket;
	int code;

	if (c->help) {
		fputs(help, stdout);
		return verb_finish(&verb_top, EX_OK);
	}
	socket = settings_socket(c->socket, c->config, &c->dbfiles, &err);
	if (socket == NULL) {
		verb_error(&verb_top, "%s", err.text);
		return EX_CONFIG;
	}
	code = find_and_show(socket);
	free(socket);
	return code;
}

static int
run(int argc, char **argv)
{
	struct command c = {0};
	int code = parse(&c, argc, argv);

	if (code == EX_OK)
		code = run_command(&c);
	strings_clear(&c.dbfiles);
	return code;
}

const struct verb verb_top = {
    "top", "[OPTION...]", "show the running daemon live on the terminal", run};
