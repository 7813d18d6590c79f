/*
 * watch: keeps the tables as the list is, for as long as it runs.
 *
 * The directory is watched, not the file, so the file may come and go. A new
 * list is read once its size and time have not changed for --settle seconds.
 * While nothing happens the process sleeps.
 */
#ifndef TOOLS_RECIPIENTS_WATCH_H
#define TOOLS_RECIPIENTS_WATCH_H

struct recipients_settings;

/* Runs until SIGTERM or SIGINT, and returns 0; SIGHUP reads the list at once.
 * Otherwise a code of sysexits(3), and the reason has been reported. */
int watch_list(const struct recipients_settings *);

#endif
