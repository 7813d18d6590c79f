#include "daemon/pipeline/exclude.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/mynetworks.h"

enum { SAID_SIZE = 4096 }; /* refusals remembered; a lost one is said again */

struct exclude {
	struct addr *own; /* of this machine */
	size_t nown;
	struct cidr *excluded;
	size_t nexcluded;
	struct mynetworks *mynetworks; /* NULL = not to be asked */
	uint64_t seed, said[SAID_SIZE];
	char reason[256];
	unsigned int ipv6_prefix; /* what a login authorizes */
};

static void
add_own(struct exclude *n, const struct sockaddr *sa)
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
	n->own = alloc_resize(n->own, n->nown + 1, sizeof(*n->own));
	n->own[n->nown++] = addr;
}

static void
ask_interfaces(struct exclude *n)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		log_warning("own addresses are not known: getifaddrs: %s",
			    strerror(errno));
		return;
	}
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		add_own(n, i->ifa_addr);
	freeifaddrs(all);
}

struct exclude *
exclude_new(const struct conf *conf, struct helper *helper)
{
	struct exclude *n = alloc_zero(1, sizeof(*n));

	n->seed = hash_seed();
	n->ipv6_prefix = conf->ipv6_prefix == 64 ? 64 : 128;
	n->excluded =
	    alloc_resize(NULL, conf->nexclude + 1, sizeof(*n->excluded));
	for (; n->nexcluded < conf->nexclude; n->nexcluded++)
		n->excluded[n->nexcluded] = conf->exclude[n->nexcluded];
	ask_interfaces(n);
	if (conf->mynetworks) {
		n->mynetworks = mynetworks_new(&conf->maps, helper);
		mynetworks_ask(n->mynetworks);
	}
	return n;
}

void
exclude_free(struct exclude **networks)
{
	struct exclude *n = *networks;

	if (n == NULL)
		return;
	mynetworks_free(&n->mynetworks);
	free(n->own);
	free(n->excluded);
	free(n);
	*networks = NULL;
}

/* All that a login from there would authorize. */
static struct cidr
farthest_failure_of(const struct exclude *n, const struct addr *addr)
{
	struct cidr net = {*addr, 32};

	if (addr->family == 6)
		net.bits = n->ipv6_prefix;
	net.addr = cidr_network(&net);
	return net;
}

static bool
is_own(const struct exclude *n, const struct addr *addr)
{
	struct cidr reach = farthest_failure_of(n, addr);

	for (size_t i = 0; i < n->nown; i++)
		if (cidr_contains(&reach, &n->own[i]))
			return true;
	return false;
}

static const struct cidr *
find_excluded(const struct exclude *n, const struct addr *addr)
{
	struct cidr reach = farthest_failure_of(n, addr);

	for (size_t i = 0; i < n->nexcluded; i++)
		if (cidr_contains(&n->excluded[i], addr) ||
		    cidr_contains(&reach, &n->excluded[i].addr))
			return &n->excluded[i];
	return NULL;
}

static bool
is_loopback(const struct addr *addr)
{
	static const uint8_t loopback[16] = {[15] = 1};

	return addr->family == 4 ? addr->bytes[0] == 127
				 : memcmp(addr->bytes, loopback, 16) == 0;
}

/* The loop's clock is not at hand, and stands still while postmap is asked. */
static int64_t
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec;
}

static const char *
find_reason(struct exclude *n, const struct addr *addr)
{
	const struct cidr *net;
	const char *entry;
	char text[ADDR_TEXT_MAX];

	if (addr_is_special(addr))
		return is_loopback(addr) ? "loopback"
					 : "not a client's address";
	if (is_own(n, addr))
		return "own address";
	net = find_excluded(n, addr);
	if (net != NULL) {
		addr_format(&net->addr, text);
		snprintf(n->reason, sizeof(n->reason), "excluded %s/%u", text,
			 net->bits);
		return n->reason;
	}
	if (n->mynetworks == NULL)
		return NULL;
	entry = mynetworks_find(n->mynetworks, addr, seconds());
	if (entry == NULL)
		return NULL;
	snprintf(n->reason, sizeof(n->reason), "mynetworks %s", entry);
	return n->reason;
}

/* Once for each address and reason, as long as it is remembered. */
static void
say_once(struct exclude *n, const struct addr *addr, const char *reason)
{
	char text[ADDR_TEXT_MAX];
	uint64_t hash = hash_bytes(n->seed, addr, sizeof(*addr)) ^
			hash_bytes(n->seed, reason, strlen(reason));

	if (n->said[hash % SAID_SIZE] == hash)
		return;
	n->said[hash % SAID_SIZE] = hash;
	addr_format(addr, text);
	log_info("refused %s: %s", text, reason);
}

const char *
exclude_refuse(struct exclude *n, const struct addr *addr)
{
	const char *reason = find_reason(n, addr);

	if (reason != NULL)
		say_once(n, addr, reason);
	return reason;
}
