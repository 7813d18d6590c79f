#include "daemon/sandbox/sandbox.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/sandbox/landlock.h"
#include "daemon/sandbox/seccomp.h"

/* ---- capabilities ---- */

/* Without these, root could not read other users' logs, nor make a socket in
 * Postfix's directory. Landlock limits the files that they apply to. */
static const uint32_t worker_caps = 1u << CAP_DAC_READ_SEARCH;
static const uint32_t keeper_caps =
    1u << CAP_DAC_READ_SEARCH | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER;

/* A process without capabilities must not call capset(2): a unit that denies
 * systemd's @privileged forbids it. */
static int
reduce_sets(uint32_t kept, struct err *err)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}}, none[2] = {{0}};

	if (syscall(SYS_capget, &head, sets) != 0)
		return err_set(err, "capget: %s", strerror(errno));
	if (memcmp(sets, none, sizeof(sets)) == 0)
		return 0;
	sets[0].permitted &= kept;
	sets[0].effective = sets[0].permitted;
	sets[1].permitted = sets[1].effective = 0;
	sets[0].inheritable = sets[1].inheritable = 0;
	if (syscall(SYS_capset, &head, sets) != 0)
		return err_set(err, "capset: %s", strerror(errno));
	return 0;
}

/* Dropping from the bounding set fails without CAP_SETPCAP, and is then not
 * needed: such a process has no capabilities to keep. */
static int
keep_capabilities(uint32_t kept, struct err *err)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
	     cap++)
		if (cap >= 32 || (kept >> cap & 1) == 0)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (reduce_sets(geteuid() == 0 ? kept : 0, err) != 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, "no_new_privs: %s", strerror(errno));
	return 0;
}

/* The memory of a process that is not dumpable, and of its children, belongs
 * to root: other processes of the same user cannot read it, even without
 * Landlock. */
int
sandbox_drop_capabilities(struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set(err, "not dumpable: %s", strerror(errno));
	return keep_capabilities(keeper_caps, err);
}

/* ---- files ---- */

static void
add_directory(struct strings *list, const char *path)
{
	char *copy = alloc_string(path);

	strings_add(list, dirname(copy));
	free(copy);
}

/* True of /var/log, false of /var: a top-level directory would allow too
 * much. */
static bool
is_deep(const char *path)
{
	return strchr(path + strspn(path, "/"), '/') != NULL;
}

/* The directory of a log, and the one above, where the log's directory may be
 * created again. */
static void
add_log(struct strings *list, const char *path)
{
	char *copy = alloc_string(path), *dir, *above;

	dir = alloc_string(dirname(copy));
	strings_add(list, dir);
	above = dirname(dir);
	if (is_deep(above))
		strings_add(list, above);
	free(dir);
	free(copy);
}

/* The same of what its links lead to. */
static void
add_target(struct strings *list, const char *path)
{
	char *real = realpath(path, NULL);

	if (real != NULL)
		add_log(list, real);
	free(real);
}

/* Files that match a '*' may be links to other directories, as those of
 * Kubernetes in /var/log/containers are. */
static void
add_matches(struct strings *list, const char *pattern)
{
	glob_t found;
	struct stat st;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (lstat(found.gl_pathv[i], &st) == 0 &&
			    S_ISLNK(st.st_mode))
				add_target(list, found.gl_pathv[i]);
	globfree(&found);
}

static const char journal[] = "journal:";

/* The directory in "journal:DIRECTORY MATCH"; there may be none. */
static void
add_journal(struct strings *list, const char *words)
{
	char *word = alloc_bytes(words, strcspn(words, " \t"));

	if (*word == '/')
		strings_add(list, word);
	free(word);
}

static bool
is_journal(const char *log)
{
	return strncmp(log, journal, strlen(journal)) == 0;
}

static void
add_logs(struct strings *list, const struct strings *logs)
{
	static const char *const journals[] = {
	    "/var/log/journal", "/run/log/journal", "/etc/machine-id"};

	for (size_t i = 0; i < logs->count; i++) {
		const char *log = logs->list[i];

		if (strcmp(log, "-") == 0)
			continue;
		if (is_journal(log)) {
			for (size_t j = 0; j < 3; j++)
				strings_add(list, journals[j]);
			add_journal(list, log + strlen(journal));
			continue;
		}
		add_log(list, log);
		if (strchr(log, '*') != NULL)
			add_matches(list, log);
		else
			add_target(list, log);
	}
}

static void
add_readable(struct strings *list, const struct conf *conf)
{
	static const char *const usual[] = {
	    "/etc/localtime",
	    "/usr/share/zoneinfo",
	    "/etc/postfix", /* files in mynetworks */
	    "/sys/devices/system/cpu",
	    "/dev/null",
	    "/proc/self/mountinfo",
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		strings_add(list, usual[i]);
	add_logs(list, &conf->logfiles);
	for (size_t i = 0; i < conf->patterns.count; i++)
		strings_add(list, conf->patterns.list[i]);
	strings_add(list, SYSCONF_DIR "/pop-before-smtp");
	if (conf->config_file != NULL)
		add_directory(list, conf->config_file);
	if (conf->policy.sender_logins != NULL)
		add_directory(list, conf->policy.sender_logins);
	strings_add(list, conf->checkpoint);
}

/* What follows "unix:" or "inet:" in the name of a live map; NULL if the name
 * does not begin with it. */
static const char *
socket_place(const char *map, const char *kind)
{
	const char *name = strchr(map, ':') + 1;
	size_t len = strlen(kind);

	return strncmp(name, kind, len) == 0 ? name + len : NULL;
}

/* Workers inherit this, and each creates the sockets of live maps again. */
static void
add_writable(struct strings *list, const struct conf *conf)
{
	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *map = conf->maps.list[i];
		const char *path = socket_place(map, "unix:");

		if (path != NULL)
			add_directory(list, path);
		else if (socket_place(map, "inet:") == NULL)
			add_directory(list, strchr(map, ':') + 1);
	}
	add_directory(list, conf->checkpoint);
	if (conf->metrics != NULL)
		add_directory(list, conf->metrics);
	if (conf->pidfile != NULL)
		add_directory(list, conf->pidfile);
	if (conf->logto != NULL && conf->logto[0] == '/')
		add_directory(list, conf->logto);
	strings_add(list, "/dev/null");
}

/* ---- restricting a process ---- */

/* With sandbox: auto, what the kernel refuses is logged and left out. */
static void
restrict_process(const struct landlock_plan *files,
		 const struct seccomp_plan *calls)
{
	struct err err;

	if (landlock_restrict(files, &err) != 0)
		log_warning("sandbox: %s; continuing without it", err.text);
	if (seccomp_restrict(calls, &err) != 0)
		log_warning("sandbox: %s; continuing without it", err.text);
}

static bool
listens_on_tcp(const struct conf *conf)
{
	for (size_t i = 0; i < conf->maps.count; i++)
		if (socket_place(conf->maps.list[i], "inet:") != NULL)
			return true;
	return false;
}

static bool
reads_journal(const struct conf *conf)
{
	for (size_t i = 0; i < conf->logfiles.count; i++)
		if (is_journal(conf->logfiles.list[i]))
			return true;
	return false;
}

int
sandbox_keeper(const struct conf *conf, struct err *err)
{
	const struct seccomp_plan calls = {.keeper = true,
					   .inet = listens_on_tcp(conf)};
	struct strings write = {0};
	struct landlock_plan files = {
	    .read_all = true, .bind = calls.inet, .signals = true};

	(void)err;
	if (conf->sandbox == CONF_SANDBOX_OFF)
		return 0;
	add_writable(&write, conf);
	files.write = (const char *const *)write.list;
	files.nwrite = write.count;
	restrict_process(&files, &calls);
	strings_clear(&write);
	return 0;
}

int
sandbox_worker(const struct conf *conf, struct err *err)
{
	const struct seccomp_plan calls = {
	    .syslog = conf->logto != NULL && strcmp(conf->logto, "syslog") == 0,
	    .journal = reads_journal(conf)};
	struct strings read = {0};
	struct landlock_plan files = {0};
	int result;

	if (conf->sandbox == CONF_SANDBOX_OFF)
		return 0;
	add_readable(&read, conf);
	files.read = (const char *const *)read.list;
	files.nread = read.count;
	result = keep_capabilities(worker_caps, err);
	if (result == 0)
		restrict_process(&files, &calls);
	strings_clear(&read);
	return result;
}

/* ---- pbs-link ---- */

/* Where the C library looks for addresses of hosts, and what it loads for it.
 */
static const char *const resolver_files[] = {
    "/etc/resolv.conf",	    "/etc/hosts",
    "/etc/nsswitch.conf",   "/etc/host.conf",
    "/etc/gai.conf",	    "/etc/services",
    "/etc/ld.so.cache",	    "/run/systemd/resolve",
    "/run/resolvconf",	    "/run/NetworkManager",
    "/usr/lib",		    "/usr/lib64",
    "/lib",		    "/lib64",
    "/usr/share/zoneinfo",  "/etc/localtime",
    "/sys/devices/system/cpu"};

enum {
	DNS_PORT = 53, /* over TCP, for a long answer */
	PORTS_MAX = 1 + PEERS_ENGINES_MAX * PEERS_PLACES_MAX,
	LINK_MEMORY = 256 * 1024 * 1024,
};

/* The ports that the configuration names. False: Sentinel may name any. */
static bool
list_ports(const struct peers_conf *peers, uint16_t *ports, size_t *count)
{
	bool known = true;

	ports[(*count)++] = DNS_PORT;
	for (size_t i = 0; i < peers->nengines; i++) {
		const struct peers_engine *engine = &peers->engines[i];

		known = known && engine->kind != PEERS_SENTINEL;
		for (size_t j = 0; j < engine->nplaces; j++)
			if (*count < PORTS_MAX)
				ports[(*count)++] = engine->places[j].port;
	}
	return known;
}

/* An engine that answers with nonsense must not use up the memory of the mail
 * server. What is there already, under valgrind for one, comes on top. */
static int
limit_memory(struct err *err)
{
	struct rlimit limit = {LINK_MEMORY, LINK_MEMORY};
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (statm != NULL && fscanf(statm, "%lu", &pages) != 1)
		pages = 0;
	if (statm != NULL)
		fclose(statm);
	if (pages * (unsigned long)sysconf(_SC_PAGESIZE) > LINK_MEMORY / 2)
		return 0;
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return err_set(err, "RLIMIT_AS: %s", strerror(errno));
	return 0;
}

int
sandbox_link(const struct conf *conf, struct err *err)
{
	const struct seccomp_plan calls = {.link = true};
	uint16_t ports[PORTS_MAX];
	size_t nports = 0;
	bool known = list_ports(conf->peers, ports, &nports);
	const struct landlock_plan files = {
	    .read = resolver_files,
	    .nread = sizeof(resolver_files) / sizeof(resolver_files[0]),
	    .ports = ports,
	    .nports = nports,
	    .connect_any = !known};

	if (conf->sandbox == CONF_SANDBOX_OFF)
		return 0;
	if (limit_memory(err) != 0)
		log_warning("sandbox: %s; continuing without it", err->text);
	if (keep_capabilities(0, err) != 0)
		return -1;
	restrict_process(&files, &calls);
	return 0;
}

void
sandbox_describe(const struct conf *conf, char text[64])
{
	int version = landlock_version();
	char landlock[32] = "no Landlock";

	if (version > 0)
		snprintf(landlock, sizeof(landlock), "Landlock %d", version);
	if (conf->sandbox == CONF_SANDBOX_OFF)
		snprintf(text, 64, "off");
	else
		snprintf(text, 64, "%sseccomp, %s",
			 seccomp_is_available() ? "" : "no ", landlock);
}
