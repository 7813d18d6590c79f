/*
 * conf: all settings, from the YAML file and the flags, which take precedence.
 * They are parsed and validated as a whole before anything uses them.
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
struct peers_conf;
struct textform;

enum conf_action {
	CONF_RUN,
	CONF_LIST,
	CONF_DUMPCONFIG,
	CONF_CHECK,
	CONF_CLEAR,
	CONF_VERSION,
	CONF_HELP
};

enum conf_sandbox { CONF_SANDBOX_AUTO, CONF_SANDBOX_OFF };

/* The word for no log, or no map, at all; not kept in the lists. */
#define CONF_NONE "none"

struct conf {
	enum conf_action action;
	struct strings logfiles; /* empty: none is followed */
	struct strings maps; /* "type:name", always with the type; empty: none
				is kept, and no Postfix is here */
	uint32_t grace;	      /* seconds */
	bool sessions;	      /* keep addresses while sessions last ... */
	uint32_t session_max; /* ... but no longer than this, seconds */
	bool write, debug, flock, reprocess, once;
	char *config_file;	 /* NULL: no file was read */
	struct strings patterns; /* directories; later ones override */
	struct strings enable;	 /* optional rules that count */
	char *pidfile;		 /* --daemon; NULL: foreground */
	char *checkpoint;
	char *metrics; /* file; NULL: none */
	char *logto; /* NULL: standard error */
	char *user;  /* NULL: as started */
	char *value; /* of each key; NULL: the time of the login */
	size_t max_addresses;
	unsigned int ipv6_prefix;   /* 64 or 128: what a login authorizes */
	struct textform *textforms; /* of text: maps */
	size_t ntextforms;
	bool mynetworks; /* ask Postfix for it and exclude it */
	unsigned int sandbox;
	struct cidr *exclude; /* networks that are never written */
	size_t nexclude;
	struct policy_settings policy; /* of policy: maps */
	struct peers_conf *peers;      /* other hosts; NULL: none */
};

/*
 * Fills *conf from the defaults, the YAML file and then argv; conf_clear()
 * frees what it holds. The helper, if there is one, runs postconf(1) to find
 * the default map type; with NULL this process runs it. Returns 0, EX_USAGE for
 * a bad flag or EX_CONFIG for a bad file, with the reason in err and *conf
 * empty.
 */
int conf_load(struct conf *, struct helper *, int argc, char *const *argv,
	      struct err *);
void conf_clear(struct conf *);
/* Adds the directories of patterns that count when none are configured. */
void conf_default_patterns(struct strings *);
/* Bytes of a checkpoint: room for some ten million addresses. A larger one is
 * neither written nor read. */
enum { CONF_CHECKPOINT_MAX = 1 << 30 };
/* How long a session may keep an address, in seconds; 0: sessions are off. */
uint32_t conf_hold(const struct conf *);
/* How old a login may be and still authorize, in seconds. */
uint32_t conf_longest(const struct conf *);
/* Settings for map_open(), borrowed from conf. */
struct map_settings conf_map_settings(const struct conf *);
/* Logs a warning for each setting that is allowed but has no effect. */
void conf_warn(const struct conf *);
/* Once the process has become its user: logs a warning if SIGHUP could not open
 * logto again. */
void conf_warn_log(const struct conf *);
/* On the command line, before map_open(): 0, or -1 if root, without --user, would
 * write to a map in another user's directory; err names the user. */
int conf_check_user(const struct conf *, const char *map, struct err *);
void conf_dump(const struct conf *); /* as YAML to standard output */
void conf_usage(void);		     /* --help, to standard output */

#endif
