/*
 * landlock: restricts which files a process and its children may use; see
 * landlock(7). A kernel without Landlock restricts nothing.
 */
#ifndef DAEMON_SANDBOX_LANDLOCK_H
#define DAEMON_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* The version that the kernel has; 0 if it has none. */
int landlock_version(void);

struct landlock_plan {
	const char *const *read; /* files, and trees under directories */
	size_t nread;
	/* Directories in which files may be created, changed and removed, and
	 * files that may be written. */
	const char *const *write;
	size_t nwrite;
	bool read_all; /* reading is not restricted */
	bool bind;     /* TCP sockets may be bound */
	bool signals;  /* may be sent to processes outside the sandbox */
	/* TCP ports to which connections may be made; connect_any: to all. */
	const uint16_t *ports;
	size_t nports;
	bool connect_any;
};

/* Allows what the plan lists; paths that do not exist are skipped. From now on
 * nothing may be executed and no other TCP connection made. 0, or -1. */
int landlock_restrict(const struct landlock_plan *, struct err *);

#endif
