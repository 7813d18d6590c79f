#include "tools/relaycheck/relay_target.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

enum { PORT_MAX = 65535, PORT_DIGITS = 5 };

static const char *const near[] = {
    "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
    "100.64.0.0/10", "fc00::/7",
};

static int
parse_port(struct relay_target *target, const char *text, struct err *err)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > PORT_DIGITS || text[len] != '\0' ||
	    atoi(text) < 1 || atoi(text) > PORT_MAX)
		return err_set(err, "'%s' is not a port", text);
	memcpy(target->port, text, len + 1);
	return 0;
}

static int
parse_host(struct relay_target *target, const char *text, size_t len,
	   struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789-._:";

	if (len == 0 || len > TARGET_HOST_MAX || *text == '-' ||
	    strspn(text, letters) < len)
		return err_set(err,
			       "'%.*s' is not the name or address of one "
			       "host",
			       (int)len, text);
	memcpy(target->host, text, len);
	target->host[len] = '\0';
	return 0;
}

int
relay_target_parse(struct relay_target *target, const char *text,
		   struct err *err)
{
	const char *end = strrchr(text, ':');
	struct addr addr;

	strcpy(target->port, "25");
	if (*text == '[') {
		end = strchr(text, ']');
		if (end == NULL ||
		    addr_parse(&addr, text, (size_t)(end + 1 - text)) != 0 ||
		    (end[1] != ':' && end[1] != '\0'))
			return err_set(err, "'%s' is not [ADDRESS]:PORT", text);
		if (end[1] == ':' && parse_port(target, end + 2, err) != 0)
			return -1;
		return parse_host(target, text + 1, (size_t)(end - text - 1),
				  err);
	}
	if (end == NULL || addr_parse(&addr, text, strlen(text)) == 0)
		return parse_host(target, text, strlen(text), err);
	if (parse_port(target, end + 1, err) != 0)
		return -1;
	return parse_host(target, text, (size_t)(end - text), err);
}

/* Whether a server with this address may be asked without further ado. */
static bool
is_near(const struct addr *addr)
{
	struct cidr net;

	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		if (cidr_parse(&net, near[i], strlen(near[i])) == 0 &&
		    cidr_contains(&net, addr))
			return true;
	return addr_is_loopback(addr);
}

static struct addrinfo *
look_up(const char *host, const char *port, int family, int flags,
	struct err *err)
{
	struct addrinfo hints = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	int error = getaddrinfo(host, port, &hints, &list);

	if (error == 0)
		return list;
	err_set(err, "%s: %s", host, gai_strerror(error));
	return NULL;
}

/* 0, or -1: the address is not one of this machine. */
static int
try_source(const struct relay_target *target, struct err *err)
{
	const struct smtp_place *place = &target->place;
	int fd = socket(place->from.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int failed = fd < 0 || bind(fd, (const struct sockaddr *)&place->from,
				    place->from_len) != 0;

	if (failed)
		err_set(err, "--source %s: %s", target->source,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return failed ? -1 : 0;
}

static int
find_source(struct relay_target *target, struct err *err)
{
	struct addrinfo *list;

	if (target->source == NULL)
		return 0;
	list = look_up(target->source, NULL, AF_UNSPEC, AI_NUMERICHOST, err);
	if (list == NULL)
		return err_set(err, "--source %s: not an address",
			       target->source);
	memcpy(&target->place.from, list->ai_addr, list->ai_addrlen);
	target->place.from_len = list->ai_addrlen;
	freeaddrinfo(list);
	return try_source(target, err);
}

bool
relay_target_is_here(const struct relay_target *target)
{
	struct ifaddrs *list, *i;
	bool here = addr_is_loopback(&target->address);
	struct addr addr;

	if (here || getifaddrs(&list) != 0)
		return here;
	for (i = list; i != NULL && !here; i = i->ifa_next) {
		if (i->ifa_addr == NULL || (i->ifa_addr->sa_family != AF_INET &&
					    i->ifa_addr->sa_family != AF_INET6))
			continue;
		addr = smtp_address(
		    (const struct sockaddr_storage *)(void *)i->ifa_addr);
		here = addr_equal(&addr, &target->address);
	}
	freeifaddrs(list);
	return here;
}

int
relay_target_find(struct relay_target *target, bool *misused, struct err *err)
{
	struct addrinfo *list;
	char text[ADDR_TEXT_MAX];

	*misused = true;
	if (find_source(target, err) != 0)
		return -1;
	*misused = false;
	list = look_up(target->host, target->port,
		       target->place.from_len > 0 ? target->place.from.ss_family
						  : AF_UNSPEC,
		       0, err);
	if (list == NULL)
		return -1;
	memcpy(&target->place.to, list->ai_addr, list->ai_addrlen);
	target->place.to_len = list->ai_addrlen;
	freeaddrinfo(list);
	target->address = smtp_address(&target->place.to);
	if (target->mine || is_near(&target->address) ||
	    relay_target_is_here(target))
		return 0;
	*misused = true;
	addr_format(&target->address, text);
	return err_set(err,
		       "%s is neither on this machine nor in a private "
		       "network: if the server is yours, say --yes-this-is-mine",
		       text);
}
