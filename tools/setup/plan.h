/*
 * plan: what pbsctl setup has found, what it would change, why, and in which steps.
 */
#ifndef TOOLS_SETUP_PLAN_H
#define TOOLS_SETUP_PLAN_H

#include <stdbool.h>
#include <time.h>

#include "base/alloc.h"
#include "daemon/conf/conf.h"
#include "tools/doctor/postconf.h"
#include "tools/doctor/remedies.h"
#include "tools/setup/log_choice.h"
#include "tools/setup/map_choice.h"
#include "tools/setup/servers.h"
#include "tools/setup/settings_file.h"
#include "tools/setup/steps.h"

struct err;

struct plan {
	time_t now;
	bool seen;	  /* the machine was examined; the plan can be printed */
	struct conf conf; /* after the change */
	struct postconf postfix;
	bool postfix_runs;
	bool waits_for_log; /* of a server that has perhaps not been started */
	struct remedies commands; /* those of Postfix, as an administrator types
				     them */
	struct servers servers;
	struct settings_file file;
	struct log_choice log; /* NULLs: the file already names one */
	struct map_choice map; /* the same */
	struct strings keys;   /* for the file, "key: value" */
	char *text;	       /* of the file with these keys; NULL: no keys */
	/* For main.cf, "NAME = VALUE"; if there are reasons, the present values. */
	struct strings settings;
	char *main_cf;		 /* its path */
	char *file_backup, *main_cf_backup;
	struct strings notes;
	struct strings reasons; /* why main.cf is not edited */
	struct steps steps;
};

/* config: the daemon's configuration file; directory: that of main.cf; NULL: the
 * usual ones. 0; -1: it cannot be done, see err, or plan->reasons if err is empty.
 * plan_clear() frees it in both cases. */
int plan_make(struct plan *, const char *config, const char *directory,
	      time_t now, struct err *);
void plan_clear(struct plan *);

/* Prints what was found and what would be changed, even if plan_make() failed. */
void plan_print(const struct plan *);

#endif
