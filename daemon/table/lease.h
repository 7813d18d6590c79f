/*
 * lease: how long one authorization lasts, be it that of an address or that of
 * one of its users. Values; nothing here knows what time it is.
 */
#ifndef DAEMON_TABLE_LEASE_H
#define DAEMON_TABLE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct lease {
	int64_t when;	 /* the last login, wall clock */
	int64_t expires; /* steady seconds */
	uint32_t held;	 /* it was granted to this many seconds before that */
};

static inline int64_t
lease_granted(const struct lease *stay)
{
	return stay->expires - stay->held;
}

/* What was granted and how long it is held; the later one counts. */
static inline void
lease_set(struct lease *stay, int64_t grant, int64_t until)
{
	stay->expires = grant > until ? grant : until;
	stay->held = (uint32_t)(stay->expires - grant);
}

/* Another login, earlier or later: nothing moves back. Whether it moved. */
static inline bool
lease_join(struct lease *stay, const struct lease *login)
{
	int64_t grant = lease_granted(stay), before = stay->expires;
	bool forward = login->when > stay->when;

	if (forward)
		stay->when = login->when;
	if (lease_granted(login) > grant)
		grant = lease_granted(login);
	lease_set(stay, grant,
		 login->expires > before ? login->expires : before);
	return forward || stay->expires > before;
}

/* No session holds it beyond `until`; what was granted stays. */
static inline void
lease_release(struct lease *stay, int64_t until)
{
	if (stay->held > 0 && until < stay->expires)
		lease_set(stay, lease_granted(stay), until);
}

#endif
