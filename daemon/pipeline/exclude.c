#include "daemon/pipeline/exclude.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/mynetworks.h"
#include "daemon/pipeline/told.h"

enum { REFUSALS_LOGGED = 1000 }; /* within an hour */

struct exclude {
	struct addr *own; /* of this machine */
	size_t nown;
	struct cidr *excluded;
	size_t nexcluded;
	struct cidr_firsts firsts; /* of both */
	struct mynetworks *mynetworks; /* NULL: mynetworks: no */
	struct told *told; /* what was refused */
	char reason[256];
	enum refusal refusal; /* the last one */
	unsigned int ipv6_prefix; /* 64 or 128: what a login authorizes */
};

static void
add_own(struct exclude *e, const struct sockaddr *sa)
{
	struct addr addr = {0};

	if (sa == NULL)
		return;
	if (sa->sa_family == AF_INET) {
		addr.family = 4;
		memcpy(addr.bytes, &((const struct sockaddr_in *)sa)->sin_addr,
		       4);
	} else if (sa->sa_family == AF_INET6) {
		addr.family = 6;
		memcpy(addr.bytes,
		       &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	} else {
		return;
	}
	e->own = alloc_resize(e->own, e->nown + 1, sizeof(*e->own));
	e->own[e->nown++] = addr;
	cidr_firsts_add(&e->firsts, &(struct cidr){addr, 32});
}

static void
ask_interfaces(struct exclude *e)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		log_warning(
		    "cannot list this host's own addresses: getifaddrs: %s",
		    strerror(errno));
		return;
	}
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		add_own(e, i->ifa_addr);
	freeifaddrs(all);
}

struct exclude *
exclude_new(const struct conf *conf, struct helper *helper)
{
	struct exclude *e = alloc_zero(1, sizeof(*e));

	e->told = told_new(REFUSALS_LOGGED);
	e->ipv6_prefix = conf->ipv6_prefix == 64 ? 64 : 128;
	e->excluded =
	    alloc_resize(NULL, conf->nexclude + 1, sizeof(*e->excluded));
	for (; e->nexcluded < conf->nexclude; e->nexcluded++) {
		e->excluded[e->nexcluded] = conf->exclude[e->nexcluded];
		cidr_firsts_add(&e->firsts, &conf->exclude[e->nexcluded]);
	}
	ask_interfaces(e);
	if (conf->mynetworks)
		e->mynetworks = mynetworks_new(&conf->maps, helper);
	return e;
}

void
exclude_free(struct exclude **exclude)
{
	struct exclude *e = *exclude;

	if (e == NULL)
		return;
	mynetworks_free(&e->mynetworks);
	told_free(&e->told);
	free(e->own);
	free(e->excluded);
	free(e);
	*exclude = NULL;
}

void
exclude_carry(struct exclude *e, struct exclude *old)
{
	if (e->mynetworks != NULL && old->mynetworks != NULL)
		mynetworks_carry(e->mynetworks, old->mynetworks);
}

/* All addresses that a login from there would authorize. */
static struct cidr
authorized_by(const struct exclude *e, const struct addr *addr)
{
	struct cidr net = {*addr, 32};

	if (addr->family == 4)
		return net;
	net.bits = e->ipv6_prefix;
	net.addr = cidr_network(&net);
	return net;
}

static bool
is_own(const struct exclude *e, const struct cidr *net)
{
	for (size_t i = 0; i < e->nown; i++)
		if (cidr_contains(net, &e->own[i]))
			return true;
	return false;
}

static const struct cidr *
find_excluded(const struct exclude *e, const struct addr *addr,
	      const struct cidr *net)
{
	for (size_t i = 0; i < e->nexcluded; i++)
		if (cidr_contains(&e->excluded[i], addr) ||
		    cidr_contains(net, &e->excluded[i].addr))
			return &e->excluded[i];
	return NULL;
}

static const char *
describe_excluded(struct exclude *e, const struct cidr *net)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&net->addr, text);
	snprintf(e->reason, sizeof(e->reason), "excluded %s/%u", text,
		 net->bits);
	return e->reason;
}

/* What can be told without mynetworks. */
static const char *
find_known(struct exclude *e, const struct addr *addr)
{
	struct cidr authorized;
	const struct cidr *net;

	e->refusal = REFUSAL_SPECIAL;
	if (addr_is_special(addr))
		return addr_is_loopback(addr) ? "loopback"
					      : "not a client's address";
	/* What a login authorizes begins with its address's first byte. */
	if (!cidr_firsts_has(&e->firsts, addr))
		return NULL;
	authorized = authorized_by(e, addr);
	e->refusal = REFUSAL_OWN;
	if (is_own(e, &authorized))
		return "own address";
	e->refusal = REFUSAL_EXCLUDED;
	net = find_excluded(e, addr, &authorized);
	return net != NULL ? describe_excluded(e, net) : NULL;
}

static const char *
covered_by(struct exclude *e, const char *entry)
{
	if (entry == NULL)
		return NULL;
	e->refusal = REFUSAL_MYNETWORKS;
	snprintf(e->reason, sizeof(e->reason), "mynetworks %s", entry);
	return e->reason;
}

static const char *
find_reason(struct exclude *e, const struct addr *addr)
{
	const char *reason = find_known(e, addr);
	int64_t now = 0;

	if (reason != NULL || e->mynetworks == NULL)
		return reason;
	if (!mynetworks_is_settled(e->mynetworks))
		now = monotonic_seconds();
	return covered_by(e, mynetworks_find(e->mynetworks, addr, now));
}

const char *
exclude_reason(struct exclude *e, const struct addr *addr)
{
	const char *reason = find_known(e, addr);

	if (reason != NULL || e->mynetworks == NULL)
		return reason;
	return covered_by(e, mynetworks_network(e->mynetworks, addr));
}

enum refusal
exclude_refusal(const struct exclude *e)
{
	return e->refusal;
}

static void
log_refused(struct exclude *e, const struct addr *addr, const char *reason)
{
	char text[ADDR_TEXT_MAX];
	enum telling telling =
	    told_next(e->told, addr, reason, monotonic_seconds());

	if (telling == TELL_NOT)
		return;
	addr_format(addr, text);
	log_info("refused %s: %s", text, reason);
	if (telling == TELL_LAST)
		log_info("further refused addresses are counted, not logged, "
			 "for up to an hour");
}

const char *
exclude_refuse(struct exclude *e, const struct addr *addr)
{
	const char *reason = find_reason(e, addr);

	if (reason != NULL)
		log_refused(e, addr, reason);
	return reason;
}
