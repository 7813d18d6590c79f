/*
 * lease: how long one authorization lasts, that of an address or that of one of
 * its users. Pure values; the caller supplies all times.
 */
#ifndef DAEMON_TABLE_LEASE_H
#define DAEMON_TABLE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct lease {
	int64_t when;	 /* the last login, wall clock */
	int64_t expires; /* steady seconds */
	uint32_t held;	 /* seconds of it that an open session adds: the
			  * login itself granted expires - held */
	uint16_t rule;	 /* of the login that granted the longest time, as in
			  * rule_names.h; 0: no rule, or not known which */
	bool own;	 /* as in struct authtab_row */
};

static inline int64_t
lease_granted(const struct lease *lease)
{
	return lease->expires - lease->held;
}

/* grant: how long the login lasts; until: how long a session holds it. The
 * later of the two is when the lease expires. */
static inline void
lease_set(struct lease *lease, int64_t grant, int64_t until)
{
	lease->expires = grant > until ? grant : until;
	lease->held = (uint32_t)(lease->expires - grant);
}

/* Adds another login, which may be older than the last one: no time moves back.
 * A lease with a login of our own stays our own, whatever other hosts report.
 * The rule is that of the longest grant, not of the last login: an operator may
 * have granted more than any login. True if the last login or the expiry moved
 * forward. */
static inline bool
lease_join(struct lease *lease, const struct lease *login)
{
	int64_t grant = lease_granted(lease), before = lease->expires;
	bool forward = login->when > lease->when;

	lease->own |= login->own;
	if (lease_granted(login) > grant ||
	    (lease_granted(login) == grant && forward)) {
		grant = lease_granted(login);
		lease->rule = login->rule;
	}
	if (forward)
		lease->when = login->when;
	lease_set(lease, grant,
		  login->expires > before ? login->expires : before);
	return forward || lease->expires > before;
}

/* No session holds it beyond `until`; what a login granted stays. */
static inline void
lease_release(struct lease *lease, int64_t until)
{
	if (lease->held > 0 && until < lease->expires)
		lease_set(lease, lease_granted(lease), until);
}

#endif
