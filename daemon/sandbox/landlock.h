/*
 * landlock: what of the file tree a process, and all that it starts, may use
 * from now on. See landlock(7); nothing happens where the kernel lacks it.
 */
#ifndef DAEMON_SANDBOX_LANDLOCK_H
#define DAEMON_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The kernel's version of it; 0 = none. */
int landlock_version(void);

struct landlock_plan {
	const char *const *read; /* files, and trees under directories */
	size_t nread;
	const char *const *write; /* directories whose files may be made, changed
				     and removed, and files that may be written */
	size_t nwrite;
	bool read_all;	/* reading is not restricted at all */
	bool bind;	/* TCP sockets may be bound */
	bool signals;	/* to processes outside, too */
};

/* What does not exist is passed over. Nothing may be executed, and no TCP
 * connection made. 0, or -1. */
int landlock_restrict(const struct landlock_plan *, struct err *);

#endif
