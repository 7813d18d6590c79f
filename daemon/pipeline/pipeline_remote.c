/* Applies what other hosts report to the table. */
#include "daemon/pipeline/pipeline_state.h"

#include <string.h>

#include "base/log.h"
#include "daemon/table/removals.h"

static time_t
earlier(time_t a, time_t b)
{
	return a < b ? a : b;
}

/* Older logins are not logged: a host that connects late gets many of them at
 * once, as from a backlog. */
enum { NEWS_SECONDS = 60 };

static void
log_granted(const struct pipeline_remote *login, int64_t seconds, time_t now)
{
	char address[ADDR_TEXT_MAX], user[128];

	if (now - login->when > NEWS_SECONDS && !log_debugging())
		return;
	addr_format(login->addr, address);
	log_info("granted %s for %llds host=%s user=%s", address,
		 (long long)seconds, login->host,
		 log_printable(user, sizeof(user),
			       login->user != NULL ? login->user : "-",
			       login->user != NULL ? login->user_len : 1));
}

/* The login within our own limits. False: nothing of it is left. */
static bool
bound(const struct pipeline *p, const struct pipeline_remote *login,
      struct moment now, struct authtab_login *out)
{
	time_t when = earlier(login->when, now.wall);
	time_t grace = earlier(login->until, when + (time_t)p->grace), held = 0;

	if (login->held && p->sessions == NULL)
		return false;
	if (login->held)
		held = earlier(login->until, when + (time_t)p->session_max);
	*out = (struct authtab_login){
	    .addr = *login->addr,
	    .user = login->user,
	    .user_len = login->user_len,
	    .when = when,
	    .expires = pipeline_lifetime(grace, now),
	    .until = login->held ? pipeline_lifetime(held, now) : 0,
	    .remote = true};
	return grace > now.wall || held > now.wall;
}

int64_t
pipeline_remote(struct pipeline *p, const struct pipeline_remote *login,
		struct moment now)
{
	struct authtab_login grant;
	enum refusal kind;
	int64_t ends;

	if (!bound(p, login, now, &grant))
		return 0;
	/* By the other host's clock, as the times of its removals are. */
	if (pipeline_refusal(p, login->addr, login->when, NULL, &kind) != NULL)
		return kind == REFUSAL_REMOVED ? 0 : -1;
	ends = grant.until > grant.expires ? grant.until : grant.expires;
	if (authtab_grant(p->table, &grant, now.lifetime) == AUTHTAB_ADDED)
		log_granted(login, ends - now.lifetime, now.wall);
	return ends;
}

static void
grant_again(struct pipeline *p, const struct addr *addr,
	    const struct authtab_user *user, struct moment now)
{
	const struct authtab_login login = {
	    .addr = *addr,
	    .user = user->name,
	    .user_len = user->name != NULL ? strlen(user->name) : 0,
	    .when = user->when,
	    .expires = user->granted,
	    .until = user->expires,
	    .rule = user->rule != NULL ? authtab_rule(p->table, user->rule) : 0,
	    .remote = !user->own};

	authtab_grant(p->table, &login, now.lifetime);
}

/* Borrowed names are gone with the row, so they are copied first. */
struct kept {
	struct authtab_user user;
	char name[AUTHTAB_USER_NAME_MAX + 1];
};

static void
keep(struct kept *kept, size_t *count, const struct authtab_user *user,
     time_t stamp)
{
	if (user->when <= stamp)
		return;
	kept[*count].user = *user;
	if (user->name != NULL) {
		strncpy(kept[*count].name, user->name, AUTHTAB_USER_NAME_MAX);
		kept[*count].user.name = kept[*count].name;
	}
	(*count)++;
}

/* Takes back the logins up to stamp: removes the address, and grants the later
 * ones again. */
static void
take_back(struct pipeline *p, const struct authtab_row *row, time_t stamp,
	  struct moment now)
{
	struct kept kept[AUTHTAB_USERS_MAX + 1] = {{.name = ""}};
	size_t count = 0;

	for (size_t i = 0; i < row->nusers; i++)
		keep(kept, &count, &row->users[i], stamp);
	if (row->has_rest)
		keep(kept, &count, &row->rest, stamp);
	if (count > 0 && count == row->nusers + row->has_rest)
		return;
	authtab_remove(p->table, &row->addr);
	while (count > 0)
		grant_again(p, &row->addr, &kept[--count].user, now);
}

bool
pipeline_remote_removal(struct pipeline *p, const struct addr *addr,
			time_t stamp, struct moment now)
{
	struct addr key = authtab_key(p->table, addr);
	struct authtab_row row;
	bool in_time;

	in_time = removals_add(p->others, &key, stamp, now.wall);
	if (!authtab_get(p->table, &key, &row))
		return in_time;
	if (row.nusers > 0)
		take_back(p, &row, stamp, now);
	else if (row.when <= stamp)
		authtab_remove(p->table, &key);
	return in_time;
}
