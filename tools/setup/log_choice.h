/*
 * log_choice: which log has the logins of this machine.
 */
#ifndef TOOLS_SETUP_LOG_CHOICE_H
#define TOOLS_SETUP_LOG_CHOICE_H

#include <stdbool.h>
#include <time.h>

struct conf;
struct servers;
struct surveyor;

struct log_choice {
	char *logfile; /* as the setting has it; NULL: none */
	char *why;     /* or why none */
};

/* conf names the log that the daemon follows by default. */
void log_choose(struct log_choice *, const struct conf *,
		const struct servers *, struct surveyor *, time_t now);
void log_choice_clear(struct log_choice *);

/* Whether the only log of these settings is the file that Dovecot logs to, or will
 * log to once it runs. */
bool log_is_dovecots(const struct conf *);

#endif
