/*
 * manager: what starts the services of this host, and how a person asks it to.
 */
#ifndef TOOLS_DOCTOR_MANAGER_H
#define TOOLS_DOCTOR_MANAGER_H

#include <stdbool.h>
#include <sys/types.h>

enum manager {
	MANAGER_NONE, /* as in many containers */
	MANAGER_SYSTEMD,
	MANAGER_OPENRC,
	MANAGER_RUNIT,
	MANAGER_SCRIPT, /* in init.d, without one of the above */
};

/* One service, as the manager knows it. */
struct service {
	char *name;
	enum manager manager; /* MANAGER_NONE: no manager knows the service */
	char *off;  /* why it is not started at boot, such as "disabled"; NULL:
		     * it is, or that cannot be told */
	char *how;  /* the command or the place that tells so; NULL as well */
	pid_t main; /* its main process, by systemd; 0: none, or unknown */
};

/* Whether this host was booted with systemd. */
bool manager_is_systemd(void);

/* Whether a program of the system, such as useradd(8), is installed. */
bool manager_has_program(const char *name);

/* The command that creates a user for our daemon, to be freed. */
char *manager_make_user(const char *user);

void service_find(struct service *, const char *name);
void service_clear(struct service *);

/* Whether it keeps what it starts from writing in this directory, as the unit does
 * unless a drop-in allows it. */
bool service_locks(const struct service *, const char *directory);
/* Whether starting it creates this directory and gives it to our user. */
bool service_makes(const struct service *, const char *directory);

/* What makes the manager do so, to be freed; NULL: no manager knows the service.
 * To start a service also has it started at boot. */
char *service_start(const struct service *);
char *service_restart(const struct service *);
char *service_reload(const struct service *);
/* What has it started at boot; NULL, too, if it is. */
char *service_enable(const struct service *);

#endif
