/*
 * conf: everything that can be set, from the flags and the YAML file, parsed
 * whole, validated whole, then const. A flag wins over its key.
 */
#ifndef DAEMON_CONF_CONF_H
#define DAEMON_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "maps/live/policy.h"

struct helper;
struct err;
struct map_settings;
struct textform;

enum conf_action {
	CONF_RUN, CONF_LIST, CONF_DUMPCONFIG, CONF_CHECK, CONF_CLEAR,
	CONF_VERSION, CONF_HELP
};

enum conf_sandbox { CONF_SANDBOX_AUTO, CONF_SANDBOX_OFF };

struct conf {
	enum conf_action action;
	struct strings logfiles;
	struct strings maps;	 /* "type:name", type always there */
	uint32_t grace;		 /* seconds */
	bool sessions;		 /* hold addresses while sessions last ... */
	uint32_t session_max;	 /* ... but no longer than this, seconds */
	bool write, debug, flock, reprocess, once;
	char *config_file;	 /* NULL = none */
	struct strings patterns; /* directories, in order */
	struct strings enable;	 /* optional rules switched on */
	char *pidfile;		 /* --daemon; NULL = foreground */
	char *checkpoint;
	char *logto;		 /* NULL = standard error */
	char *user;		 /* NULL = as started */
	char *value;		 /* fixed map value; NULL = login's epoch */
	size_t max_addresses;
	unsigned int ipv6_prefix; /* a login authorizes so much: 64, 128 */
	struct textform *textforms; /* how text: maps are written */
	size_t ntextforms;
	bool mynetworks;	 /* ask postconf, default yes */
	unsigned int sandbox;
	struct cidr *exclude;	 /* never written */
	size_t nexclude;
	struct policy_settings policy; /* of policy: maps */
};

/*
 * Fills *conf from the defaults, the YAML file and then argv; conf_clear() frees
 * what it holds. The helper, if there is one, runs postconf(1) to find the
 * default map type; with NULL this process runs it. Returns 0, EX_USAGE for a
 * bad flag or EX_CONFIG for a bad file, with the reason in err and *conf empty.
 */
int conf_load(struct conf *, struct helper *, int argc, char *const *argv,
    struct err *);
void conf_clear(struct conf *);
/* Adds the directories of patterns that count when none are configured. */
void conf_default_patterns(struct strings *);
/* How long a session may hold an address; 0 = sessions are off. */
uint32_t conf_hold(const struct conf *);
/* How old a login may be that still counts (seconds). */
uint32_t conf_longest(const struct conf *);
/* What the maps are told; borrows from conf. */
struct map_settings conf_map_settings(const struct conf *);
/* Says what is allowed, but cannot have been meant. */
void conf_warn(const struct conf *);
/* Warns root, who types by hand, that the maps are another user's. */
void conf_warn_root(const struct conf *);
void conf_dump(const struct conf *); /* as YAML to standard output */
void conf_usage(void);		     /* --help, to standard output */

#endif
