#include "tools/setup/servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/readfile.h"
#include "tools/doctor/process.h"

enum {
	NET_MAX = 16 * 1024 * 1024, /* bytes of /proc/net/tcp */
	LISTENING = 10,		    /* TCP_LISTEN, see proc(5) */
};

static const struct {
	unsigned int port;
	const char *protocol;
} ports[] = {{110, "POP3"}, {995, "POP3S"}, {143, "IMAP"}, {993, "IMAPS"}};

enum { NPORTS = sizeof(ports) / sizeof(ports[0]) };

struct listener {
	unsigned long inode; /* 0: nobody listens on this port */
	pid_t pid;	     /* 0: not seen */
};

static void
read_sockets(struct listener *listeners, const char *file)
{
	struct err err;
	size_t len;
	char *text = readfile(file, NET_MAX, &len, &err), *at, *line;

	if (text == NULL)
		return;
	for (line = strtok_r(text, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		unsigned int port, state;
		unsigned long inode;

		if (sscanf(line, "%*d: %*[^:]:%x %*s %x %*s %*s %*s %*s %*s %lu",
			   &port, &state, &inode) != 3 ||
		    state != LISTENING)
			continue;
		for (size_t i = 0; i < NPORTS; i++)
			if (ports[i].port == port && listeners[i].inode == 0)
				listeners[i].inode = inode;
	}
	free(text);
}

/* The first process that has a socket opened it; others inherited it. */
static void
look_at_process(void *arg, pid_t pid)
{
	struct listener *listeners = arg;

	for (size_t i = 0; i < NPORTS; i++)
		if (listeners[i].inode != 0 &&
		    (listeners[i].pid == 0 || pid < listeners[i].pid) &&
		    process_has_socket(pid, listeners[i].inode))
			listeners[i].pid = pid;
}

static char *
describe(struct servers *servers, pid_t pid)
{
	char name[PROCESS_NAME_MAX], *unit, *text;

	if (pid == 0) {
		servers->known = false;
		return alloc_string("a program that only root can see");
	}
	process_name(pid, name);
	unit = process_unit(pid);
	if (unit == NULL) {
		servers->known = false;
		return alloc_string(name);
	}
	text = alloc_format("%s (%s)", name, unit);
	strings_add(&servers->units, unit);
	free(unit);
	return text;
}

/* One line for all ports of the program that has this one. */
static void
add_program(struct servers *servers, const struct listener *listeners,
	    size_t first)
{
	char *program = describe(servers, listeners[first].pid), *text;
	const char *separator = ": ";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(program, out);
	for (size_t i = first; i < NPORTS; i++)
		if (listeners[i].inode != 0 &&
		    listeners[i].pid == listeners[first].pid) {
			fprintf(out, "%s%s (%u)", separator, ports[i].protocol,
				ports[i].port);
			separator = ", ";
		}
	fclose(out);
	strings_add(&servers->lines, text);
	free(text);
	free(program);
}

void
servers_find(struct servers *servers)
{
	struct listener listeners[NPORTS] = {0};

	*servers = (struct servers){.known = true};
	read_sockets(listeners, "/proc/net/tcp");
	read_sockets(listeners, "/proc/net/tcp6");
	process_each(look_at_process, listeners);
	for (size_t i = 0; i < NPORTS; i++) {
		bool again = listeners[i].inode == 0;

		for (size_t k = 0; k < i; k++)
			again |= listeners[k].inode != 0 &&
				 listeners[k].pid == listeners[i].pid;
		if (!again)
			add_program(servers, listeners, i);
	}
	servers->known &= servers->lines.count > 0;
}

void
servers_clear(struct servers *servers)
{
	strings_clear(&servers->lines);
	strings_clear(&servers->units);
}
