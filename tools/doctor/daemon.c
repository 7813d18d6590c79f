/*
 * Findings on the running daemon: its processes, its settings, and the
 * addresses that it authorizes.
 */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/listing.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/helper.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/places.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/process.h"
#include "tools/doctor/running.h"

enum {
	USERS_MANY = 20, /* of one address: more than a household or office has */
	DAY = 24 * 3600,
	COMMAND_MS = 1000,
	PROCESSES_MAX = 8,
};

/* A value of the status; -1: this daemon does not report it. */
static int64_t
status_value(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (; status != NULL && *status != '\0';
	     status = strchr(status, '\n'), status += status != NULL)
		if (strncmp(status, key, len) == 0 && status[len] == ' ')
			return strtoll(status + len, NULL, 10);
	return -1;
}

/* ---- nobody runs ---- */

static void
report_stopped(struct examination *x)
{
	const char *user = x->report.remedies.user;
	char *why = user != NULL && getpwnam(user) == NULL
			? alloc_format("; there is no user %s to run it", user)
			: alloc_string("");

	REPORT(&x->report, FAULT_STOPPED, x->socket, why);
	free(why);
}

/* How many addresses Postfix finds in a map. Without its settings it cannot tell. */
static size_t
count_entries(struct examination *x, const char *map)
{
	const char *const argv[] = {"postmap", "-s", map, NULL};
	struct err err;
	char *output = NULL, *file = postfix_file_of(map);
	size_t count = 0;
	bool there = file == NULL || access(file, F_OK) == 0;

	if (there && helper_run(NULL, argv, COMMAND_MS, &output, &err) != 0)
		report_unseen(&x->report, "whether addresses are left in the "
					  "map (postmap does not read it)");
	else if (there)
		for (const char *p = output; (p = strchr(p, '\n')) != NULL; p++)
			count++;
	free(file);
	free(output);
	return count;
}

static void
examine_stale(struct examination *x)
{
	for (size_t i = 0; x->conf.write && i < x->conf.maps.count; i++) {
		const char *map = x->conf.maps.list[i];
		size_t count;
		char text[48];

		if (strncmp(map, "hash:", 5) != 0 &&
		    strncmp(map, "lmdb:", 5) != 0 &&
		    strncmp(map, "cdb:", 4) != 0)
			continue;
		count = count_entries(x, map);
		snprintf(text, sizeof(text), "%zu address%s", count,
			 count == 1 ? "" : "es");
		if (count > 0)
			REPORT(&x->report, FAULT_STALE_MAP, map, text);
	}
}

/* ---- its processes ---- */

struct followers {
	const char *log;
	pid_t pids[PROCESSES_MAX];
	size_t count;
};

static void
look_at_follower(void *arg, pid_t pid)
{
	struct followers *f = arg;
	char name[PROCESS_NAME_MAX];

	process_name(pid, name);
	if ((strcmp(name, "pbs-worker") == 0 ||
	     strcmp(name, "pop-before-smtp") == 0) &&
	    f->count < PROCESSES_MAX && process_has_open(pid, f->log) > 0)
		f->pids[f->count++] = pid;
}

/* The process to end for this one: the keeper of a worker. */
static pid_t
head_of(pid_t pid)
{
	char name[PROCESS_NAME_MAX];

	process_name(pid, name);
	return strcmp(name, "pbs-worker") == 0 ? process_parent(pid) : pid;
}

static void
examine_followers(struct examination *x, const char *log, pid_t ours)
{
	struct followers f = {.log = log};
	char pids[64], other[24];

	process_each(look_at_follower, &f);
	if (f.count < 2)
		return;
	snprintf(pids, sizeof(pids), "%ld and %ld", (long)f.pids[0],
		 (long)f.pids[1]);
	snprintf(other, sizeof(other), "%ld",
		 (long)head_of(head_of(f.pids[0]) == ours ? f.pids[1]
							  : f.pids[0]));
	REPORT(&x->report, FAULT_TWO_DAEMONS, pids, log, other);
}

struct search {
	pid_t keeper, worker;
};

static void
look_for_worker(void *arg, pid_t pid)
{
	struct search *search = arg;
	char name[PROCESS_NAME_MAX];

	if (process_parent(pid) != search->keeper)
		return;
	process_name(pid, name);
	if (strcmp(name, "pbs-worker") == 0)
		search->worker = pid;
}

static void
examine_sandbox(struct examination *x, pid_t keeper)
{
	struct search search = {keeper, keeper};
	char text[64], *why;

	process_each(look_for_worker, &search);
	if (process_status(search.worker, "Seccomp:") != 0)
		return;
	sandbox_describe(&x->conf, text);
	if (x->conf.sandbox == CONF_SANDBOX_OFF) {
		REPORT(&x->report, FAULT_SANDBOX, "sandbox: off is set",
		       "remove sandbox: off from the settings, and restart the "
		       "daemon");
		return;
	}
	why = alloc_format("process %ld has no seccomp filter; this build and "
			   "kernel have: %s",
			   (long)search.worker, text);
	REPORT(&x->report, FAULT_SANDBOX, why,
	       "apt-get install libseccomp-dev, then build and install again");
	free(why);
}

static void
examine_watchdog(struct examination *x, pid_t keeper)
{
	int watched = process_has_word(keeper, "environ", "WATCHDOG_USEC=");
	char pid[24];

	if (x->conf.pidfile != NULL ||
	    process_has_word(keeper, "cmdline", "--daemon") > 0)
		return;
	snprintf(pid, sizeof(pid), "%ld", (long)keeper);
	if (watched < 0)
		report_unseen(&x->report, "whether systemd watches the daemon");
	else if (watched == 0)
		REPORT(&x->report, FAULT_UNWATCHED, pid);
}

static void
examine_processes(struct examination *x, pid_t keeper)
{
	if (geteuid() != 0) {
		report_unseen(&x->report,
			      "whether two daemons follow the same log");
	} else {
		for (size_t i = 0; i < x->conf.logfiles.count; i++)
			if (*x->conf.logfiles.list[i] == '/')
				examine_followers(x, x->conf.logfiles.list[i],
						  keeper);
	}
	examine_watchdog(x, keeper);
	examine_sandbox(x, keeper);
}

/* ---- the addresses that it authorizes ---- */

/* Whose users cannot be told apart must not be authorized. */
static void
report_crowd(struct examination *x, enum fault fault, const char *address,
	     const char *why)
{
	char *network = alloc_format("%s/%s", address,
				     strchr(address, ':') ? "128" : "32");
	char *remedy =
	    remedies_setting(&x->report.remedies, "exclude", network,
			     x->conf.nexclude, NULL);

	REPORT(&x->report, fault, address, why, remedy);
	free(remedy);
	free(network);
}

static void
format_network(const struct cidr *net, char text[ADDR_TEXT_MAX + 8])
{
	struct addr first = cidr_network(net);
	size_t len = addr_format(&first, text);

	snprintf(text + len, 8, "/%u", net->bits);
}

static void
examine_exclusion(struct examination *x, const struct listing *row,
		  const char *address)
{
	char network[ADDR_TEXT_MAX + 8];

	/* One finding is enough if it refuses all of them. */
	if (cidr_cover_ipv4(x->conf.exclude, x->conf.nexclude))
		return;
	for (size_t i = 0; i < x->conf.nexclude; i++) {
		if (!cidr_contains(&x->conf.exclude[i], &row->addr))
			continue;
		format_network(&x->conf.exclude[i], network);
		REPORT(&x->report, FAULT_EXCLUDED, address, network);
		return;
	}
}

static void
examine_proxy_host(struct examination *x, const struct listing *row,
		   const char *address, const char *networks)
{
	char *copy = alloc_string(networks), *at, *word;
	struct cidr net;

	for (word = strtok_r(copy, ", \t\n", &at); word != NULL;
	     word = strtok_r(NULL, ", \t\n", &at))
		if (cidr_parse(&net, word, strlen(word)) == 0 &&
		    cidr_contains(&net, &row->addr))
			report_crowd(x, FAULT_PROXY_HOST, address, word);
	free(copy);
}

/* Whether all maps are files in which Postfix looks for shortened addresses. */
static bool
only_files(const struct conf *conf)
{
	static const char *const types[] = {"hash:", "lmdb:", "cdb:"};
	size_t count = 0;

	for (size_t i = 0; i < conf->maps.count; i++)
		for (size_t k = 0; k < sizeof(types) / sizeof(*types); k++)
			count += strncmp(conf->maps.list[i], types[k],
					 strlen(types[k])) == 0;
	return count > 0 && count == conf->maps.count;
}

static void
examine_row(struct examination *x, const struct listing *row,
	    const char *networks)
{
	char address[ADDR_TEXT_MAX], users[24];

	addr_format(&row->addr, address);
	examine_exclusion(x, row, address);
	examine_proxy_host(x, row, address, networks);
	snprintf(users, sizeof(users), "%zu", row->users.count);
	if (row->users.count > USERS_MANY)
		report_crowd(x, FAULT_SHARED, address, users);
	if (!addr_text_is_unambiguous(address) && only_files(&x->conf))
		REPORT(&x->report, FAULT_INEXPRESSIBLE, address,
		       x->conf.maps.list[0]);
}

/* Dovecot's networks of proxies and webmail hosts; "" if there is no Dovecot,
 * or it names none. To be freed. */
static char *
trusted_networks(void)
{
	static const char *const argv[] = {"doveconf", "-h",
					   "login_trusted_networks",
					   "haproxy_trusted_networks", NULL};
	struct err err;
	char *output = NULL;

	if (helper_run(NULL, argv, COMMAND_MS, &output, &err) == 0)
		return output;
	free(output);
	return alloc_string("");
}

static void
examine_addresses(struct examination *x)
{
	char *list = running_ask(x, "list"), *networks, *at, *line;

	if (list == NULL)
		return;
	networks = *list != '\0' ? trusted_networks() : alloc_string("");
	for (line = strtok_r(list, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		struct listing row;

		if (listing_read(&row, line) != 0)
			continue;
		examine_row(x, &row, networks);
		listing_clear(&row);
	}
	free(networks);
	free(list);
}

/* ---- maps that it cannot write ---- */

/* How often this map could not be written, by the metrics; 0 as well if they
 * do not tell. */
static uint64_t
count_failures(const char *metrics, const char *map)
{
	char *key = alloc_format("publish_failures_total{map=\"%s\"} ", map);
	const char *at = strstr(metrics, key);
	uint64_t count = at != NULL ? strtoull(at + strlen(key), NULL, 10) : 0;

	free(key);
	return count;
}

/* A failure that is over is no fault: what counts is whether the daemon's user
 * may write there now. A full disk is a finding of its own. */
static void
examine_failed_map(struct examination *x, const struct identity *user,
		   const char *map, uint64_t failures)
{
	const char *path = strchr(map, ':') + 1;
	char *copy = alloc_string(path), *remedy, *how;
	const char *dir = dirname(copy);
	int may = *path == '/' ? identity_may(user, dir, W_OK | X_OK) : 1;

	if (may < 0)
		report_unseen(&x->report,
			      "why the daemon cannot write its map");
	if (may == 0) {
		how = alloc_format("pbsctl metrics: publish_failures_total %"
				   PRIu64 "; the user %s may not write in %s",
				   failures, user->name, dir);
		remedy = places_open(user->name, path, dir);
		REPORT(&x->report, FAULT_MAP_UNWRITTEN, map, how, remedy);
		free(remedy);
		free(how);
	}
	free(copy);
}

static void
examine_writing(struct examination *x, pid_t keeper)
{
	char *metrics = running_ask(x, "metrics");
	long uid = process_status(keeper, "Uid:");
	const struct passwd *pw = uid >= 0 ? getpwuid((uid_t)uid) : NULL;
	struct identity user;

	if (metrics == NULL || pw == NULL || !identity_of(&user, pw->pw_name)) {
		free(metrics);
		return;
	}
	for (size_t i = 0; i < x->conf.maps.count; i++) {
		const char *map = x->conf.maps.list[i];
		uint64_t failures = count_failures(metrics, map);

		if (failures > 0)
			examine_failed_map(x, &user, map, failures);
	}
	free(metrics);
}

/* ---- its settings ---- */

static void
examine_age(struct examination *x, const char *status)
{
	int64_t read = status_value(status, "settings_read");
	const char *file = x->conf.config_file;
	struct stat st;
	char changed[32], seen[32];

	if (read < 0 || file == NULL || stat(file, &st) != 0 ||
	    st.st_mtime <= read + 1)
		return;
	report_time(st.st_mtime, changed);
	report_time((time_t)read, seen);
	REPORT(&x->report, FAULT_OLD_SETTINGS, file, changed, seen);
}

/* It runs now; will it after a boot? */
static void
examine_boot(struct examination *x)
{
	const struct service *service = &x->report.remedies.service;
	char *enable = service_enable(service);

	if (enable != NULL)
		REPORT(&x->report, FAULT_NOT_AT_BOOT, service->how,
		       service->off, enable);
	free(enable);
}

static void
examine_status(struct examination *x, const char *status)
{
	int64_t replaced = status_value(status, "map_replaced");
	char text[24];

	examine_processes(x, (pid_t)status_value(status, "pid"));
	examine_boot(x);
	examine_writing(x, (pid_t)status_value(status, "pid"));
	examine_age(x, status);
	snprintf(text, sizeof(text), "%" PRId64, replaced);
	if (replaced > 0)
		REPORT(&x->report, FAULT_FOREIGN_MAP, text);
	examine_addresses(x);
}

void
examine_daemon(struct examination *x)
{
	char grace[24], *status;

	snprintf(grace, sizeof(grace), "%" PRIu32 " s", x->conf.grace);
	if (x->conf.grace > DAY)
		REPORT(&x->report, FAULT_GRACE, grace);
	if (cidr_cover_ipv4(x->conf.exclude, x->conf.nexclude))
		REPORT(&x->report, FAULT_ALL_EXCLUDED, NULL);
	if (geteuid() != 0 && access(x->socket, W_OK) != 0 &&
	    errno == EACCES) {
		report_unseen(&x->report,
			      "the daemon (its socket is for root and the "
			      "group pop-before-smtp)");
		return;
	}
	status = running_ask(x, "status");
	if (status != NULL) {
		examine_status(x, status);
	} else if (x->silence == NULL) {
		report_stopped(x);
		examine_stale(x);
	}
	if (x->silence != NULL)
		REPORT(&x->report, FAULT_SOCKET, x->silence);
	free(status);
}
