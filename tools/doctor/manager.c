#include "tools/doctor/manager.h"

#include <glob.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/sys/subprocess.h"
#include "tools/doctor/process.h"

enum { SYSTEMCTL_MS = 1000 };

bool
manager_is_systemd(void)
{
	/* sd_booted(3) looks there, too. */
	return access("/run/systemd/system", F_OK) == 0;
}

/* Whether one of the directories, which a NULL ends, has a file for that access.
 */
static bool
one_has(const char *const *directories, const char *name, int access_mode)
{
	bool found = false;

	for (; *directories != NULL && !found; directories++) {
		char *path = alloc_format("%s/%s", *directories, name);

		found = access(path, access_mode) == 0;
		free(path);
	}
	return found;
}

bool
manager_has_program(const char *name)
{
	static const char *const directories[] = {"/usr/bin", "/usr/sbin",
						  "/bin", "/sbin", NULL};

	return one_has(directories, name, X_OK);
}

/* Whether systemd-sysusers(8) would find out what to create. */
static bool
is_declared(const char *user)
{
	static const char *const directories[] = {
	    "/etc", "/run", "/usr/local/lib", "/usr/lib", NULL};
	char *name = alloc_format("sysusers.d/%s.conf", user);
	bool declared = one_has(directories, name, R_OK);

	free(name);
	return declared;
}

/* The group is that of the logs. */
char *
manager_make_user(const char *user)
{
	if (is_declared(user) && manager_has_program("systemd-sysusers"))
		return alloc_string("systemd-sysusers");
	return alloc_format("useradd --system --home-dir " STATE_DIR
			    " --shell /bin/false%s %s",
			    getgrnam("adm") != NULL ? " --groups adm" : "",
			    user);
}

/* ---- systemd ---- */

/* A value of what `systemctl show' prints, to be freed; "": it is not there. */
static char *
property(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, key, len) == 0)
			return alloc_bytes(line + len,
					   strcspn(line + len, "\n"));
	return alloc_string("");
}

/* The states of systemctl(1), is-enabled, that end with this boot. What else it
 * prints may be right: something may want a static unit. */
static bool
is_off(const char *state)
{
	static const char *const states[] = {"disabled", "masked",
					     "masked-runtime",
					     "enabled-runtime"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

static void
take_properties(struct service *service, const char *text)
{
	char *load = property(text, "LoadState=");
	char *state = property(text, "UnitFileState=");
	char *pid = property(text, "MainPID=");

	if (strcmp(load, "not-found") == 0)
		service->manager = MANAGER_NONE;
	service->main = (pid_t)atol(pid);
	if (is_off(state)) {
		service->off = alloc_string(state);
		service->how = alloc_format("systemctl is-enabled %s",
					    service->name);
	}
	free(pid);
	free(state);
	free(load);
}

static void
find_unit(struct service *service)
{
	const char *const argv[] = {"systemctl", "show",
				    "--property=LoadState,UnitFileState,MainPID",
				    service->name, NULL};
	struct err err;
	char *text = NULL;

	service->manager = MANAGER_SYSTEMD;
	if (subprocess_run(argv, SYSTEMCTL_MS, &text, &err) == 0)
		take_properties(service, text);
	free(text);
}

/* ---- scripts ---- */

static bool
matches(const char *pattern)
{
	glob_t found;
	bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return any;
}

/* levels: the directories of runlevels; prefix: what is before the name of a
 * service in them. */
static void
find_script(struct service *service, enum manager manager, const char *levels,
	    const char *prefix)
{
	char *script = alloc_format("/etc/init.d/%s", service->name);
	char *links = alloc_format("%s/%s%s", levels, prefix, service->name);

	if (access(script, X_OK) == 0) {
		service->manager = manager;
		if (matches(levels) && !matches(links)) {
			service->off = alloc_string("no such link");
			service->how = alloc_string(links);
		}
	}
	free(links);
	free(script);
}

/* ---- runit ---- */

static void
look_for_runsvdir(void *arg, pid_t pid)
{
	char name[PROCESS_NAME_MAX];

	process_name(pid, name);
	*(bool *)arg |= strcmp(name, "runsvdir") == 0;
}

static void
find_runit(struct service *service)
{
	static const char *const places[] = {"/etc/service", "/var/service",
					     "/service"};
	bool runs = false;

	process_each(look_for_runsvdir, &runs);
	for (size_t i = 0; runs && i < sizeof(places) / sizeof(*places); i++) {
		char *run = alloc_format("%s/%s/run", places[i], service->name);

		if (access(run, X_OK) == 0)
			service->manager = MANAGER_RUNIT;
		free(run);
	}
}

/* ---- any of them ---- */

void
service_find(struct service *service, const char *name)
{
	*service = (struct service){.name = alloc_string(name)};
	if (manager_is_systemd()) {
		find_unit(service);
	} else if (access("/run/openrc", F_OK) == 0) {
		find_script(service, MANAGER_OPENRC, "/etc/runlevels/*", "");
	} else {
		find_runit(service);
		if (service->manager == MANAGER_NONE)
			find_script(service, MANAGER_SCRIPT, "/etc/rc[2-5].d",
				    "S[0-9][0-9]");
	}
}

void
service_clear(struct service *service)
{
	free(service->name);
	free(service->off);
	free(service->how);
	*service = (struct service){0};
}

/* StateDirectory and RuntimeDirectory of the unit, and STATE of the script. */
bool
service_makes(const struct service *service, const char *directory)
{
	bool systemd = service->manager == MANAGER_SYSTEMD;

	return ((systemd || service->manager == MANAGER_SCRIPT ||
		 service->manager == MANAGER_OPENRC) &&
		strcmp(directory, STATE_DIR) == 0) ||
	       (systemd && strcmp(directory, RUN_DIR) == 0);
}

bool
service_locks(const struct service *service, const char *directory)
{
	return service->manager == MANAGER_SYSTEMD &&
	       !service_makes(service, directory) &&
	       strcmp(directory, "/var/spool/postfix/pop-before-smtp") != 0;
}

/* ---- commands ---- */

/* verb: of systemctl and of scripts; sv: runit's. */
static char *
command(const struct service *service, const char *verb, const char *sv)
{
	const char *name = service->name;

	switch (service->manager) {
	case MANAGER_SYSTEMD:
		return alloc_format("systemctl %s %s", verb, name);
	case MANAGER_OPENRC:
		return alloc_format("rc-service %s %s", name, verb);
	case MANAGER_RUNIT:
		return alloc_format("sv %s %s", sv, name);
	case MANAGER_SCRIPT:
		return alloc_format("/etc/init.d/%s %s", name, verb);
	default:
		return NULL;
	}
}

char *
service_enable(const struct service *service)
{
	const char *name = service->name;

	if (service->off == NULL)
		return NULL;
	if (service->manager == MANAGER_OPENRC)
		return alloc_format("rc-update add %s default", name);
	if (service->manager == MANAGER_SCRIPT)
		return access("/usr/sbin/update-rc.d", X_OK) == 0
			   ? alloc_format("update-rc.d %s defaults && "
					  "update-rc.d %s enable",
					  name, name)
			   : alloc_format("chkconfig --add %s", name);
	if (strncmp(service->off, "masked", 6) == 0)
		return alloc_format("systemctl unmask %s && systemctl enable %s",
				    name, name);
	return alloc_format("systemctl enable %s", name);
}

char *
service_start(const struct service *service)
{
	char *start = command(service, "start", "up");
	char *enable = service_enable(service), *both;

	if (enable == NULL)
		return start;
	both = alloc_format("%s && %s", enable, start);
	free(enable);
	free(start);
	return both;
}

char *
service_restart(const struct service *service)
{
	return command(service, "restart", "restart");
}

char *
service_reload(const struct service *service)
{
	return command(service, "reload", "hup");
}
