#include "daemon/conf/peers_engine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"

enum {
	PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
	HOST_MAX = 253, /* of the DNS */
	SERVICE_MAX = 64
};

static bool
all_of(const char *text, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] == '\0' || strchr(others, text[i]) == NULL))
			return false;
	return len > 0;
}

static int
parse_port(uint16_t *port, const char *text, size_t len, struct err *err)
{
	unsigned long value = 0;

	for (size_t i = 0; i < len && value <= UINT16_MAX; i++) {
		if (!isdigit((unsigned char)text[i]))
			value = UINT16_MAX;
		value = value * 10 + (unsigned long)(text[i] - '0');
	}
	if (value == 0 || value > UINT16_MAX)
		return err_set(err, "'%.*s' is not a port (1 to %d)", (int)len,
			       text, UINT16_MAX);
	*port = (uint16_t)value;
	return 0;
}

/* [ADDRESS] of IPv6, or a name or an address of IPv4. */
static int
parse_host(char **host, const char *text, size_t len, struct err *err)
{
	struct addr addr;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']' &&
	    memchr(text, ':', len) != NULL &&
	    addr_parse(&addr, text + 1, len - 2) == 0) {
		*host = alloc_bytes(text + 1, len - 2);
		return 0;
	}
	if (memchr(text, ':', len) != NULL)
		return err_set(err,
			       "'%.*s' is not a host; an address of IPv6 is "
			       "written in brackets, as in [2001:db8::1]:6379",
			       (int)len, text);
	if (len > HOST_MAX || !all_of(text, len, "._-"))
		return err_set(err, "'%.*s' is not a host",
			       (int)(len > HOST_MAX ? HOST_MAX : len), text);
	*host = alloc_bytes(text, len);
	return 0;
}

/* HOST:PORT of len characters. */
static int
add_place(struct peers_engine *e, const char *text, size_t len, struct err *err)
{
	const char *colon = memrchr(text, ':', len);
	size_t host_len = colon == NULL ? len : (size_t)(colon - text);
	struct peers_place place;

	if (e->nplaces == PEERS_PLACES_MAX)
		return err_set(err, "more than %d places", PEERS_PLACES_MAX);
	if (colon == NULL)
		return err_set(err, "'%.*s' is not HOST:PORT", (int)len, text);
	if (parse_port(&place.port, colon + 1, len - host_len - 1, err) != 0 ||
	    parse_host(&place.host, text, host_len, err) != 0)
		return -1;
	e->places = alloc_resize(e->places, e->nplaces + 1, sizeof(*e->places));
	e->places[e->nplaces++] = place;
	return 0;
}

static int
parse_unix(struct peers_engine *e, const char *text, struct err *err)
{
	if (text[0] != '/')
		return err_set(err, "'%s' is relative; write the whole path",
			       text);
	if (strlen(text) > PATH_MAX_BYTES)
		return err_set(err, "a socket's path has at most %zu bytes",
			       (size_t)PATH_MAX_BYTES);
	e->path = alloc_string(text);
	return 0;
}

static int
parse_inet(struct peers_engine *e, const char *text, struct err *err)
{
	return add_place(e, text, strlen(text), err);
}

static int
parse_sentinel(struct peers_engine *e, const char *text, struct err *err)
{
	size_t len = strcspn(text, "@");

	if (text[len] == '\0')
		return err_set(err, "'%s' is not NAME@HOST:PORT,HOST:PORT...",
			       text);
	if (len > SERVICE_MAX || !all_of(text, len, "._-"))
		return err_set(err,
			       "'%.*s' is not a name that Sentinel gives to "
			       "its masters (letters, digits and . _ -)",
			       (int)len, text);
	e->service = alloc_bytes(text, len);
	for (text += len + 1;; text += len + 1) {
		len = strcspn(text, ",");
		if (add_place(e, text, len, err) != 0)
			return -1;
		if (text[len] == '\0')
			return 0;
	}
}

static const struct {
	const char *scheme;
	enum peers_engine_kind kind;
	bool tls;
	int (*parse)(struct peers_engine *, const char *, struct err *);
} schemes[] = {
    {"unix:", PEERS_UNIX, false, parse_unix},
    {"inet:", PEERS_INET, false, parse_inet},
    {"tls:", PEERS_INET, true, parse_inet},
    {"sentinel:", PEERS_SENTINEL, false, parse_sentinel},
};

int
peers_engine_parse(struct peers_engine *e, const char *text, struct err *err)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].scheme);

		if (strncmp(text, schemes[i].scheme, len) != 0)
			continue;
		*e = (struct peers_engine){.kind = schemes[i].kind,
					   .tls = schemes[i].tls,
					   .text = alloc_string(text)};
		if (schemes[i].parse(e, text + len, err) == 0)
			return 0;
		peers_engine_clear(e);
		return -1;
	}
	return err_set(err,
		       "'%s' is not unix:/PATH, inet:HOST:PORT, "
		       "tls:HOST:PORT, sentinel:NAME@HOST:PORT,HOST:PORT",
		       text);
}

void
peers_engine_clear(struct peers_engine *e)
{
	for (size_t i = 0; i < e->nplaces; i++)
		free(e->places[i].host);
	free(e->places);
	free(e->text);
	free(e->path);
	free(e->service);
	*e = (struct peers_engine){0};
}

static bool
is_this_machine(const char *host)
{
	struct addr addr;

	if (strcmp(host, "localhost") == 0)
		return true;
	return addr_parse(&addr, host, strlen(host)) == 0 &&
	       addr_is_loopback(&addr);
}

bool
peers_engine_in_the_clear(const struct peers_engine *e)
{
	for (size_t i = 0; i < e->nplaces && !e->tls; i++)
		if (!is_this_machine(e->places[i].host))
			return true;
	return false;
}
