/*
 * SIGHUP: the files with the password and the certificates may have changed.
 * pbs-link may no longer read them, and another pbs-link only replaces it if it
 * could.
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

void
keeper_renew_link(struct keeper *k)
{
	uint64_t files;
	struct err err;

	if (k->link == NULL || k->candidate.peers == NULL)
		return;
	files = link_process_files(k->conf);
	if (link_process_check(&k->candidate, &err) != 0) {
		log_warning("%s; going on with what was read before, but until "
			    "this is fixed the daemon cannot be started again",
			    err.text);
		return;
	}
	if (files == k->link_files || !has_same_settings(k))
		return;
	if (link_process_renew(k->link, &err) != 0) {
		log_error("pbs-link: the changed password or certificates are "
			  "not read: %s",
			  err.text);
		return;
	}
	k->link_files = files;
	log_info("peers: the files with the password or certificates have "
		 "changed; connecting again");
}
