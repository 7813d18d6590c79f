/*
 * logins: the logins that were found in the logs, 16 bytes each, in the order
 * of their time.
 */
#ifndef TOOLS_REPORT_LOGINS_H
#define TOOLS_REPORT_LOGINS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct names;

enum { LOGIN_NO_USER = 0 };

struct logged_in {
	uint32_t when; /* seconds since 1970 */
	uint32_t address;
	uint32_t user; /* its number in users + 1; LOGIN_NO_USER: unknown */
	uint32_t server;
};

/* What the numbers of the logins mean. */
struct logins {
	struct logged_in *list;
	size_t count, room;
	struct hashmap *map;
	const struct addr **addresses; /* by number */
	size_t naddresses, address_room;
	struct names *users, *servers;
};

struct login_text {
	const char *user; /* NULL: unknown */
	size_t user_len;
	const char *server;
};

void logins_open(struct logins *);
void logins_close(struct logins *);

/* Texts are copied. A time that 32 bits cannot hold is not possible here. */
void logins_add(struct logins *, time_t when, const struct addr *,
		const struct login_text *);

/* To be called after the last logins_add(): several logs are read one after the
 * other, and the lines of one are not quite in order. */
void logins_sort(struct logins *);

#endif
