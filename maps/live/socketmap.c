#include "maps/live/socketmap.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "maps/live/netstring.h"
#include "maps/map.h"

/* Only a bare address is a key: "[192.0.2.7]" is what a client calls itself in
 * its HELO, and a zone has a meaning on this machine only. */
static bool
parse_key(struct addr *addr, const char *key, size_t len)
{
	if (memchr(key, '[', len) != NULL || memchr(key, '%', len) != NULL)
		return false;
	return addr_parse(addr, key, len) == 0;
}

static void
look_up(const struct map_settings *settings, const char *key, size_t len,
	char text[SOCKETMAP_ANSWER_MAX])
{
	const struct map_host *host = settings->host;
	struct addr addr;
	time_t when;

	if (!parse_key(&addr, key, len) ||
	    !host->lookup(host->arg, &addr, &when))
		strcpy(text, "NOTFOUND ");
	else if (settings->value != NULL)
		snprintf(text, SOCKETMAP_VALUE_MAX + 4, "OK %s",
			 settings->value);
	else
		snprintf(text, SOCKETMAP_VALUE_MAX, "OK %lld",
			 (long long)(when < 0 ? 0 : when));
}

ssize_t
socketmap_answer(const struct map_settings *settings, const char *bytes,
		 size_t len, char out[SOCKETMAP_ANSWER_MAX], size_t *out_len)
{
	char text[SOCKETMAP_ANSWER_MAX] = "PERM no key in the request";
	const char *request, *space;
	size_t request_len;
	ssize_t taken;

	taken = netstring_parse(bytes, len,
				SOCKETMAP_REQUEST_MAX - NETSTRING_FRAME_MAX,
				&request, &request_len);
	if (taken <= 0)
		return taken;
	space = memchr(request, ' ', request_len);
	if (space != NULL)
		look_up(settings, space + 1,
			(size_t)(request + request_len - space - 1), text);
	*out_len = netstring_format(out, text, strlen(text));
	return taken;
}
