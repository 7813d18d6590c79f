/*
 * SIGHUP: the files with the password, the certificates and the key for signing
 * may have changed. pbs-link may no longer read them, and another pbs-link only
 * replaces it if it could. The worker may not either, and goes on with its key:
 * relays know this host by it.
 */
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/link/link_process.h"

/* Whether pbs-link would read what the new configuration names. */
static bool
has_same_settings(const struct keeper *k)
{
	return conf_peers_compare(k->conf->peers, k->candidate.peers, NULL) ==
	       0;
}

/* Whether the next start could read it; a warning says why not. */
static bool
passes(int result, const struct err *err)
{
	if (result == 0)
		return true;
	log_warning("%s; going on with what was read before, but until this is "
		    "fixed the daemon cannot be started again",
		    err->text);
	return false;
}

static void
renew(struct keeper *k, uint64_t credentials)
{
	struct err err;

	if (link_process_renew(k->link, &err) != 0) {
		log_error("pbs-link: the changed password or certificates are "
			  "not read: %s",
			  err.text);
		return;
	}
	k->link_files.credentials = credentials;
	log_info("peers: the files with the password or certificates have "
		 "changed; connecting again");
}

void
keeper_renew_link(struct keeper *k)
{
	struct link_files now;
	struct err err;

	if (k->link == NULL || k->candidate.peers == NULL)
		return;
	now = link_process_files(k->conf);
	if (passes(link_process_check(&k->candidate, &err), &err) &&
	    now.credentials != k->link_files.credentials &&
	    has_same_settings(k))
		renew(k, now.credentials);
	if (passes(link_process_check_key(&k->candidate, &err), &err) &&
	    now.key != k->link_files.key)
		log_warning("peers: publish: key: %s holds another key, or was "
			    "written again; that needs a restart",
			    k->conf->peers->key_file);
}
