/*
 * service: the user that the daemon runs as, and what starts it at boot: systemd
 * or an init script.
 */
#ifndef TOOLS_SETUP_SERVICE_H
#define TOOLS_SETUP_SERVICE_H

#include <stdbool.h>

struct err;
struct steps;

/* Adds the commands that are missing for the daemon to run now and after each
 * boot. changed: its configuration will be changed. 0; -1: this machine has nothing
 * that could start it, see err. */
int service_plan(struct steps *, bool changed, struct err *);

/* Whether the unit keeps RUN_DIR while the daemon is stopped. */
bool service_keeps_run_dir(void);

#endif
