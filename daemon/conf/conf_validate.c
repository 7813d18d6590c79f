#include "daemon/conf/conf_validate.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/access_value.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/conf/conf_socket.h"
#include "daemon/conf/conf_text.h"
#include "maps/map.h"

static int
check_once(const struct conf *conf, struct culprit *culprit, struct err *err)
{
	for (size_t i = 0; i < conf->maps.count; i++)
		if (map_spec_is_live(conf->maps.list[i])) {
			*culprit = (struct culprit){"once", NULL};
			return err_set(err,
				       "with once no process is left to "
				       "answer for %s",
				       conf->maps.list[i]);
		}
	return 0;
}

/* `none' must be the only one. */
static int
check_none(const struct conf *conf, struct culprit *culprit, struct err *err)
{
	*culprit = (struct culprit){"dbfile", CONF_NONE};
	if (strings_has(&conf->maps, CONF_NONE) && conf->maps.count > 1)
		return err_set(err, "`none' stands for no map: remove it, or "
				    "the other maps");
	*culprit = (struct culprit){"logfile", CONF_NONE};
	if (!strings_has(&conf->logfiles, CONF_NONE))
		return 0;
	if (conf->logfiles.count > 1)
		return err_set(err, "`none' stands for no log: remove it, or "
				    "the other logs (a file of that name is "
				    "./none)");
	*culprit =
	    (struct culprit){conf->once ? "once" : "reprocess", NULL};
	if (conf->once || conf->reprocess)
		return err_set(err,
			       "there is nothing to read with `logfile: none'");
	return 0;
}

static int
check_daemon(const struct conf *conf, struct culprit *culprit, struct err *err)
{
	static const char *const words[] = {"yes", "true", "no", "false"};

	*culprit = (struct culprit){"daemon", NULL};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(conf->pidfile, words[i]) == 0)
			return err_set(err,
				       "'%s' is not a pid file (as in "
				       "/run/pop-before-smtp.pid)",
				       conf->pidfile);
	*culprit = (struct culprit){"once", NULL};
	if (conf->once)
		return err_set(err, "daemon and once exclude each other");
	*culprit = (struct culprit){"logfile", "-"};
	if (strings_has(&conf->logfiles, "-"))
		return err_set(err, "a daemon has no standard input to follow "
				    "(logfile '-')");
	return 0;
}

int
conf_validate_flags(const struct conf *conf, struct culprit *culprit,
		    struct err *err)
{
	if (check_none(conf, culprit, err) != 0)
		return -1;
	if (conf->once && check_once(conf, culprit, err) != 0)
		return -1;
	return conf->pidfile == NULL ? 0 : check_daemon(conf, culprit, err);
}

/* The file of a map, to be freed; NULL: it has none. */
static char *
map_file(const char *spec)
{
	size_t len = strcspn(spec, ":");
	const char *name = spec + len + 1;

	if (map_spec_is_live(spec))
		return NULL;
	if (strncmp(spec, "hash:", len + 1) == 0)
		return alloc_format("%s.db", name);
	if (strncmp(spec, "lmdb:", len + 1) == 0 ||
	    strncmp(spec, "cdb:", len + 1) == 0)
		return alloc_format("%s.%.*s", name, (int)len, spec);
	return alloc_string(name);
}

static bool
same_file(const char *map, const char *file)
{
	char *path = map_file(map);
	bool same = path != NULL && strcmp(path, file) == 0;

	free(path);
	return same;
}

/* Two that share a file would undo what the other writes. */
static int
check_maps(const struct conf *conf, struct culprit *culprit, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < conf->maps.count && result == 0; i++) {
		const char *map = conf->maps.list[i];
		char *file = map_file(map);

		for (size_t j = 0; j < i && file != NULL && result == 0; j++)
			if (same_file(conf->maps.list[j], file)) {
				*culprit = (struct culprit){"dbfile", map};
				result = err_set(
				    err, "%s and %s are the same file, %s",
				    conf->maps.list[j], map, file);
			}
		free(file);
	}
	return result;
}

static int
check_file(const struct conf *conf, const char *key, const char *file,
	   struct culprit *culprit, struct err *err)
{
	*culprit = (struct culprit){key, NULL};
	for (size_t i = 0; i < conf->maps.count; i++)
		if (same_file(conf->maps.list[i], file))
			return err_set(err, "%s is the file of %s", file,
				       conf->maps.list[i]);
	return 0;
}

/* A checkpoint that is set has been checked: this one is a map's. */
static int
check_socket(const struct conf *conf, struct culprit *culprit, struct err *err)
{
	*culprit = (struct culprit){"checkpoint", NULL};
	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *name = strchr(conf->maps.list[i], ':') + 1;

		if (strncmp(name, conf->checkpoint, strlen(name)) == 0)
			*culprit = (struct culprit){"dbfile",
						    conf->maps.list[i]};
	}
	return conf_check_socket(conf->checkpoint, err);
}

/* Postfix would read a checkpoint as a map. */
int
conf_validate_files(const struct conf *conf, struct culprit *culprit,
		    struct err *err)
{
	if (check_socket(conf, culprit, err) != 0)
		return -1;
	if (check_maps(conf, culprit, err) != 0 ||
	    check_file(conf, "checkpoint", conf->checkpoint, culprit, err) != 0)
		return -1;
	if (conf->metrics == NULL)
		return 0;
	if (check_file(conf, "metrics", conf->metrics, culprit, err) != 0)
		return -1;
	if (strcmp(conf->metrics, conf->checkpoint) == 0)
		return err_set(err, "%s is the checkpoint", conf->metrics);
	return 0;
}

/* ---- warnings ---- */

static bool
has_map(const struct conf *conf, const char *type)
{
	size_t len = strlen(type);

	for (size_t i = 0; i < conf->maps.count; i++)
		if (strncmp(conf->maps.list[i], type, len) == 0 &&
		    conf->maps.list[i][len] == ':')
			return true;
	return false;
}

/* The other settings take effect only with one of these. */
static bool
asks_for_policy(const struct policy_settings *p)
{
	return p->binding != POLICY_BINDING_OFF || p->domains.count > 0 ||
	       p->sender_logins != NULL || p->shared_users > 0 ||
	       p->user_recipients > 0 || p->address_recipients > 0;
}

int
conf_check_user(const struct conf *conf, const char *map, struct err *err)
{
	const struct passwd *owner = NULL;
	struct stat st;
	char *file;

	if (geteuid() != 0 || conf->user != NULL)
		return 0;
	file = map_file(map);
	if (file != NULL && stat(dirname(file), &st) == 0 && st.st_uid != 0)
		owner = getpwuid(st.st_uid);
	free(file);
	if (owner == NULL)
		return 0;
	return err_set(err,
		       "%s: its directory belongs to the user %s; root does "
		       "not write there: use --user=%s",
		       map, owner->pw_name, owner->pw_name);
}

/* Warns of what crosses the network unencrypted, and of more addresses than the
 * table holds. */
static void
warn_peers(const struct conf *conf)
{
	const struct peers_conf *p = conf->peers;
	size_t addresses = 0;

	if (conf->once || !conf->write)
		log_warning("peers: has no effect with once or nowrite");
	if (p->name == NULL && p->nhosts == 0)
		log_warning("peers: has no effect: nothing is published, and "
			    "hosts: is empty");
	for (size_t i = 0; i < p->nengines; i++)
		if (peers_engine_in_the_clear(&p->engines[i]))
			log_warning("peers: %s: %s cross the network in the "
				    "clear; use tls:, or a tunnel of "
				    "stunnel or WireGuard",
				    p->engines[i].text,
				    p->password_file != NULL
					? "the password and the users' names"
					: "the users' names");
	for (size_t i = 0; i < p->nhosts; i++)
		addresses += p->hosts[i].max_addresses;
	if (addresses > conf->max_addresses)
		log_warning("peers: the hosts may vouch for %zu addresses "
			    "together, but max_addresses is %zu: addresses of "
			    "one can push out those of another",
			    addresses, conf->max_addresses);
}

/* Without a map, a host is of use only if it publishes; without a log, only if
 * it reads the logins of others. */
static void
warn_none(const struct conf *conf)
{
	const struct peers_conf *p = conf->peers;

	if (conf->maps.count == 0 && conf->write &&
	    (p == NULL || p->name == NULL))
		log_warning("dbfile: none: a login authorizes nobody: there is "
			    "no map, and peers: publishes nothing");
	if (conf->logfiles.count == 0 && (p == NULL || p->nhosts == 0))
		log_warning("logfile: none: there are no logins: no log is "
			    "followed, and peers: has no hosts");
}

void
conf_warn_log(const struct conf *conf)
{
	if (!log_may_reopen(conf->logto))
		log_warning("logto: %s: this process cannot open it again at "
			    "SIGHUP (%s); when it has been rotated, messages "
			    "go to the old file",
			    conf->logto, strerror(errno));
}

static bool
warn_class(const char *key, const char *text)
{
	if (!access_value_is_class(text))
		return false;
	log_warning("%s: '%s' is no action of access(5): unless it is in "
		    "smtpd_restriction_classes, Postfix answers 451 instead",
		    key, text);
	return true;
}

/* Of what the clients get that have logged in. */
static void
warn_value(const char *key, const char *text)
{
	const char *last = strrchr(key, ' ');

	if (!warn_class(key, text) && access_value_refuses(text))
		log_warning("%s: with '%s' Postfix refuses the clients that "
			    "have logged in; to let them relay, use OK or no "
			    "%s:",
			    key, text, last != NULL ? last + 1 : key);
}

/* reject_unauth_destination makes a refusal for good of DEFER_IF_PERMIT. */
static void
warn_limit(const char *text)
{
	static const char defer[] = "DEFER_IF_PERMIT";
	static const char key[] = "policy: limit_action";

	if (warn_class(key, text))
		return;
	if (access_value_permits(text))
		log_warning("%s: with '%s' there is no limit: Postfix accepts "
			    "mail beyond it; use DEFER or REJECT",
			    key, text);
	else if (strncasecmp(text, defer, strlen(defer)) == 0)
		log_warning("%s: with '%s' a reject_unauth_destination that "
			    "follows refuses the client permanently; use DEFER",
			    key, text);
}

enum { DAY = 24 * 3600 };

void
conf_warn(const struct conf *conf)
{
	const char *unused = conf_text_unused(conf);

	if (unused != NULL)
		log_warning("text: %s: dbfile has no text: map of that name",
			    unused);
	if (conf->value != NULL)
		warn_value("value", conf->value);
	warn_value("policy: action", conf->policy.action);
	warn_limit(conf->policy.limit_action);
	if (conf->metrics != NULL && (conf->once || !conf->write))
		log_warning("metrics: has no effect with once or nowrite");
	if (conf->grace > DAY)
		log_warning("grace: %us is more than a day: by then somebody "
			    "else often has the address, and may relay",
			    conf->grace);
	if (cidr_cover_ipv4(conf->exclude, conf->nexclude))
		log_warning("exclude: contains every IPv4 address, so no login "
			    "over IPv4 authorizes");
	if (asks_for_policy(&conf->policy) && !has_map(conf, "policy"))
		log_warning("policy: has no effect: dbfile has no policy: map");
	if (conf->peers != NULL)
		warn_peers(conf);
	warn_none(conf);
	if (has_map(conf, "cidr") && !has_map(conf, "hash") &&
	    !has_map(conf, "cdb"))
		log_warning("dbfile: Postfix reads a cidr: map once, and again "
			    "only when a hash: or cdb: map has changed; dbfile "
			    "has neither");
}
