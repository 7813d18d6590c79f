#include "daemon/conf/postfix_name.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

/* What follows prefix in text; NULL: it does not begin so. */
static const char *
after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/*
 * Whether place, of len bytes, is the end of our "socketmap:unix:/spool/pbs/
 * socket": "pbs/socket", or "/pbs/socket" inside a chroot. "inet:127.0.0.1:PORT"
 * may be Postfix's "inet:localhost:PORT", so there the port decides.
 */
static bool
ends_with_place(const char *map, const char *place, size_t len)
{
	const char *tail;

	if (len == 0 || len >= strlen(map))
		return false;
	tail = map + strlen(map) - len;
	return memcmp(tail, place, len) == 0 &&
	       (strchr("/:", *place) != NULL || strchr("/:", tail[-1]) != NULL);
}

/* From "unix:PATH" or "inet:HOST:PORT" what can be compared: PATH or :PORT. */
static const char *
place_of(const char *endpoint)
{
	const char *place = after(endpoint, "unix:");

	if (place != NULL)
		return place;
	place = after(endpoint, "inet:");
	return place != NULL ? place + strcspn(place, ":") : NULL;
}

static bool
is_socketmap(const char *map, const char *name)
{
	const char *place, *end = strrchr(name, ':');

	name = after(name, "socketmap:");
	if (name == NULL || after(map, "socketmap:") == NULL)
		return false;
	place = place_of(name);
	return place != NULL && end > place &&
	       ends_with_place(map, place, (size_t)(end - place));
}

static bool
is_policy(const char *map, const char *name)
{
	const char *place = place_of(name);

	return after(map, "policy:") != NULL && place != NULL &&
	       ends_with_place(map, place, strlen(place));
}

bool
postfix_name_is(const char *map, const char *name)
{
	const char *table = after(name, "proxy:");

	if (table == NULL)
		table = name;
	return strcmp(map, table) == 0 || is_socketmap(map, table) ||
	       is_policy(map, table);
}

char *
postfix_name_of(const char *map, const char *queue_directory)
{
	bool policy = after(map, "policy:") != NULL;
	const char *end = policy ? "" : ":pbs", *path, *below;

	if (!policy && after(map, "socketmap:") == NULL)
		return alloc_string(map);
	path = strstr(map, ":unix:");
	if (path == NULL)
		return alloc_format("%s%s", policy ? map + 7 : map, end);
	path += strlen(":unix:");
	below = after(path, queue_directory);
	if (below != NULL && *queue_directory != '\0' && *below == '/')
		path = below + 1;
	return alloc_format("%sunix:%s%s", policy ? "" : "socketmap:", path,
			    end);
}
