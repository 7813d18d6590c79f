/*
 * process: what /proc tells of other processes. See proc(5).
 */
#ifndef TOOLS_DOCTOR_PROCESS_H
#define TOOLS_DOCTOR_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct strings;

enum { PROCESS_NAME_MAX = 32 };

typedef void process_fn(void *arg, pid_t pid);
/* Calls fn for each process that can be seen. */
void process_each(process_fn *, void *arg);

/* Its name, at most 15 bytes: ""; there is no such process. */
void process_name(pid_t, char name[PROCESS_NAME_MAX]);
pid_t process_parent(pid_t); /* 0: unknown */
/* When it started, seconds since 1970; 0: unknown. */
time_t process_started(pid_t);
/* How many of its descriptors are this file: -1 if they may not be seen. */
int process_has_open(pid_t, const char *path);
/* Whether it has the socket with this inode (/proc/net/tcp) open; false, too,
 * if that may not be seen. */
bool process_has_socket(pid_t, unsigned long inode);
/* The systemd service that it is part of, to be freed; NULL: none. */
char *process_unit(pid_t);
/* The directory that its relative names begin in, to be freed; NULL: it may not be
 * seen. */
char *process_directory(pid_t);
/* Whether its environment or command line has a word that begins so: 1 or 0,
 * -1 if they may not be seen. */
int process_has_word(pid_t, const char *file, const char *prefix);
/* Adds the words of its command line; none if they may not be seen. */
void process_words(pid_t, struct strings *);
/* The value of a flag of its command line, "--config=FILE" or in a word of its
 * own, to be freed; NULL: it has none, or it may not be seen. */
char *process_flag(pid_t, const char *flag);
/* A number from its status, such as "Seccomp:"; -1: unknown. */
long process_status(pid_t, const char *key);
/* The process that a pid file names. 0: none; -1: may not be read. */
pid_t process_of_file(const char *pidfile);

#endif
