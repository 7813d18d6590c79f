#include "tools/setup/service.h"

#include <glob.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/sys/subprocess.h"
#include "tools/doctor/manager.h"
#include "tools/setup/steps.h"

enum { ASK_MS = 30 * 1000 };

#define NAME "pop-before-smtp"

static const char script[] = SYSCONF_DIR "/init.d/" NAME;

static bool
succeeds(const char *const *argv)
{
	struct err err;
	char *output = NULL;
	int code = subprocess_run(argv, ASK_MS, &output, &err);

	free(output);
	return code == 0;
}

static void
plan_user(struct steps *steps)
{
	static const char undo[] = "userdel " NAME;
	char *command;

	if (getpwnam(NAME) != NULL)
		return;
	command = manager_make_user(NAME);
	steps_add_command(steps, command, undo);
	free(command);
}

bool
service_keeps_run_dir(void)
{
	static const char *const argv[] = {
	    "systemctl", "show", "--property=RuntimeDirectoryPreserve",
	    "--value", NAME, NULL};
	struct err err;
	char *output = NULL;
	bool kept = manager_is_systemd() &&
		    subprocess_run(argv, ASK_MS, &output, &err) == 0 &&
		    strcmp(output, "yes\n") == 0;

	free(output);
	return kept;
}

static void
plan_systemd(struct steps *steps, bool changed)
{
	static const char *const enabled[] = {"systemctl", "is-enabled",
					      "--quiet", NAME, NULL};
	static const char *const active[] = {"systemctl", "is-active",
					     "--quiet", NAME, NULL};
	bool runs = succeeds(active);

	if (!runs || !succeeds(enabled)) {
		steps_add_command(steps, "systemctl daemon-reload", NULL);
		steps_add_command(steps, "systemctl enable --now " NAME,
				  "systemctl disable --now " NAME);
	}
	if (runs && changed)
		steps_add_command(steps, "systemctl restart " NAME, NULL);
}

static bool
is_linked(void)
{
	glob_t found;
	bool linked = glob(SYSCONF_DIR "/rc[0-9].d/S[0-9][0-9]" NAME,
			   GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return linked;
}

static void
plan_script(struct steps *steps, bool changed)
{
	static const char *const status[] = {script, "status", NULL};
	bool runs = succeeds(status);

	if (!is_linked() && manager_has_program("update-rc.d"))
		steps_add_command(steps, "update-rc.d " NAME " defaults",
				  "update-rc.d -f " NAME " remove");
	else if (!is_linked() && manager_has_program("chkconfig"))
		steps_add_command(steps, "chkconfig --add " NAME,
				  "chkconfig --del " NAME);
	if (!runs)
		steps_add_command(steps, SYSCONF_DIR "/init.d/" NAME " start",
				  SYSCONF_DIR "/init.d/" NAME " stop");
	else if (changed)
		steps_add_command(steps, SYSCONF_DIR "/init.d/" NAME " restart",
				  NULL);
}

int
service_plan(struct steps *steps, bool changed, struct err *err)
{
	bool systemd = manager_is_systemd();

	if (!systemd && access(script, X_OK) != 0)
		return err_set(err, "systemd does not run here, and there is "
				    "no %s to start the daemon", script);
	plan_user(steps);
	if (systemd)
		plan_systemd(steps, changed);
	else
		plan_script(steps, changed);
	return 0;
}
