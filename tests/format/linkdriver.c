/*
 * linkdriver FLAG...: the worker's side of pbs-link, for a test to speak. The
 * flags are those of the daemon; pbs-link is started as the keeper starts it.
 *
 *	begin NONCE | write KEY | read INDEX COUNT [KEY ID] | again
 *	append ID MARK COUNT LEN
 *		COUNT entries of LEN bytes, with ids that follow each other
 *	stop | go
 *		reads no more of pbs-link's messages; does
 *	junk
 *		what is no message
 *
 * on standard input, one a line; each message of pbs-link becomes a line of
 * standard output. Ends with its standard input.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/link_process.h"
#include "daemon/sys/guardian.h"

struct driver {
	int fd;
	uint64_t nonce;
	bool stopped;
	struct ipc_link_packet packet, said;
};

static struct streamid
id_of(const char *text)
{
	struct streamid id = {0, 0};

	if (text == NULL || streamid_parse(&id, text, strlen(text)) != 0)
		exit(64);
	return id;
}

static size_t
number_of(const char *text)
{
	return text != NULL ? strtoul(text, NULL, 10) : 0;
}

/* ---- what pbs-link says ---- */

static void
print(const struct ipc_link_packet *p)
{
	static const char *const names[] = {
	    [IPC_LINK_STARTED] = "started", [IPC_LINK_STATE] = "state",
	    [IPC_LINK_TOP] = "top",	    [IPC_LINK_APPENDED] = "appended",
	    [IPC_LINK_DELETED] = "deleted", [IPC_LINK_ENTRY] = "entry",
	    [IPC_LINK_REWOUND] = "rewound"};
	static const char *const states[] = {[IPC_LINK_CONNECTED] = "connected",
					     [IPC_LINK_LOST] = "lost",
					     [IPC_LINK_ERROR] = "error",
					     [IPC_LINK_WARNING] = "warning",
					     [IPC_LINK_NOTICE] = "notice"};
	char id[STREAMID_SIZE];

	printf("%" PRIu64 " %s", p->nonce, names[p->type]);
	if (p->type == IPC_LINK_STATE)
		printf(" %s %s %s %.*s",
		       p->channel == IPC_LINK_WRITER ? "writer" : "reader",
		       states[p->code], p->quiet ? "quiet" : "loud",
		       (int)p->data_len, p->data);
	if (p->type == IPC_LINK_ENTRY || p->type == IPC_LINK_REWOUND)
		printf(" %s", p->key);
	if (p->type == IPC_LINK_TOP || p->type == IPC_LINK_APPENDED ||
	    p->type == IPC_LINK_ENTRY)
		printf(" %s", streamid_print(p->id, id));
	if (p->type == IPC_LINK_ENTRY)
		printf(" %d %.*s", p->code,
		       p->data_len < 40 ? (int)p->data_len : 40, p->data);
	printf("\n");
}

static void
listen_to(struct driver *d)
{
	struct err err;
	int got;

	while ((got = ipc_link_from_link(d->fd, &d->said, &err)) == 1)
		print(&d->said);
	if (got < 0) {
		printf("%s: %s\n", got == -1 ? "malformed" : "closed",
		       err.text);
		exit(1);
	}
	fflush(stdout);
}

/* ---- what the worker says ---- */

static void
put(struct driver *d)
{
	struct pollfd room = {.fd = d->fd, .events = POLLOUT};
	struct err err;

	while (ipc_link_send(d->fd, &d->packet, &err) == 0)
		if (poll(&room, 1, 50) == 0 && !d->stopped)
			listen_to(d);
}

static void
append(struct driver *d)
{
	struct streamid id = id_of(strtok(NULL, " "));
	struct streamid mark = id_of(strtok(NULL, " "));
	size_t count = number_of(strtok(NULL, " "));
	size_t len = number_of(strtok(NULL, " "));

	for (; count > 0; count--) {
		ipc_link_begin(&d->packet, IPC_LINK_APPEND, d->nonce);
		d->packet.id = id;
		d->packet.mark = mark;
		memset(d->packet.signature, 's', sizeof(d->packet.signature));
		memset(d->packet.data, 'd', sizeof(d->packet.data));
		d->packet.data_len = (uint32_t)len;
		put(d);
		id = streamid_next(id);
	}
}

static void
read_list(struct driver *d)
{
	ipc_link_begin(&d->packet, IPC_LINK_READ, d->nonce);
	d->packet.index = (uint8_t)number_of(strtok(NULL, " "));
	d->packet.count = (uint8_t)number_of(strtok(NULL, " "));
	if (d->packet.count > 0) {
		ipc_link_set_key(&d->packet, strtok(NULL, " "));
		d->packet.id = id_of(strtok(NULL, " "));
	}
	put(d);
}

static void
obey(struct driver *d, const char *verb)
{
	if (strcmp(verb, "begin") == 0) {
		d->nonce = number_of(strtok(NULL, " "));
		ipc_link_begin(&d->packet, IPC_LINK_BEGIN, d->nonce);
		put(d);
	} else if (strcmp(verb, "write") == 0) {
		ipc_link_begin(&d->packet, IPC_LINK_WRITE, d->nonce);
		ipc_link_set_key(&d->packet, strtok(NULL, " "));
		put(d);
	} else if (strcmp(verb, "again") == 0) {
		ipc_link_begin(&d->packet, IPC_LINK_AGAIN, d->nonce);
		put(d);
	} else if (strcmp(verb, "junk") == 0) {
		send(d->fd, "junk", 4, 0);
	} else if (strcmp(verb, "append") == 0) {
		append(d);
	} else if (strcmp(verb, "read") == 0) {
		read_list(d);
	} else {
		d->stopped = strcmp(verb, "stop") == 0;
	}
}

/* Whole lines: whoever writes them sends one at a time. */
static bool
take_commands(struct driver *d)
{
	char text[4096], *verb, *next;
	ssize_t n = read(0, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	for (char *line = text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		verb = strtok(line, " ");
		if (verb != NULL)
			obey(d, verb);
	}
	return true;
}

int
main(int argc, char **argv)
{
	static struct driver d;
	struct guardian *guardian;
	struct conf conf;
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	if (conf_load(&conf, NULL, argc, argv, &err) != 0 ||
	    (guardian = link_process_start(&conf, &err)) == NULL) {
		fprintf(stderr, "linkdriver: %s\n", err.text);
		return 1;
	}
	d.fd = guardian_descriptor(guardian);
	for (;;) {
		struct pollfd fds[] = {
		    {.fd = 0, .events = POLLIN},
		    {.fd = d.stopped ? -1 : d.fd, .events = POLLIN},
		    {.fd = guardian_notices(guardian), .events = POLLIN}};

		poll(fds, 3, -1);
		if (fds[2].revents != 0 && !guardian_log_notices(guardian))
			break;
		if (fds[0].revents != 0 && !take_commands(&d))
			break;
		if (fds[1].revents != 0)
			listen_to(&d);
	}
	guardian_stop(&guardian);
	conf_clear(&conf);
	return 0;
}
