#include "tools/xmail/blocklists.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/integer.h"
#include "tools/xmail/xmail.h"

/* Sources: the operators' announcements of the time. */
static const struct {
	const char *root, *fate;
} dead[] = {
    {"relays.ordb.org",
     "closed in 2006; since 2008 it lists every address of the world"},
    {"list.dsbl.org", "closed in 2008"},
    {"multihop.dsbl.org", "closed in 2008"},
    {"unconfirmed.dsbl.org", "closed in 2008"},
    {"dnsbl.njabl.org", "closed in 2013"},
    {"dnsbl.ahbl.org", "closed in 2015; it listed every address for a while"},
    {"ix.dnsbl.manitu.net", "closed in 2025"},
    {"blackholes.mail-abuse.org", "commercial since 2001"},
    {"relays.mail-abuse.org", "commercial since 2001"},
    {"dialups.mail-abuse.org", "commercial since 2001"},
};

static const char *
fate_of(const char *root)
{
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++)
		if (strcasecmp(dead[i].root, root) == 0)
			return dead[i].fate;
	return NULL;
}

/* item: "root.:code" */
static void
add(struct xmail *xmail, char *item, struct place place,
    struct maincf_value *early, struct maincf_value *late)
{
	struct remarks *remarks = &xmail->remarks;
	char *colon = strchr(item, ':');
	long long code;
	bool known = integer_parse(colon + 1, INT_MIN, INT_MAX, &code) == 0;
	const char *fate;

	*colon = '\0';
	if (colon > item && colon[-1] == '.')
		colon[-1] = '\0';
	fate = fate_of(item);
	if (!maincf_domain(item, 2))
		remark_lost(remarks, place, "%s: is not the name of a list",
			    shown(item).text);
	else if (!known)
		remark_lost(remarks, place,
			    "%s: is not asked: '%s' is not a code", item,
			    shown(colon + 1).text);
	else if (fate != NULL) {
		maincf_comment(outset_stream(xmail->out, "main.cf"),
			       "reject_rbl_client %s: %s", item, fate);
		remark(remarks, place, "%s: is not asked: %s", item, fate);
	} else if (code != 0 && code != 1)
		remark_lost(remarks, place,
			    "%s: Postfix cannot slow down clients that a list "
			    "has",
			    item);
	else
		maincf_add(code == 1 ? early : late, xmail_place(xmail, place),
			   "reject_rbl_client %s", item);
}

void
blocklists(struct xmail *xmail, struct maincf_value *early,
	   struct maincf_value *late)
{
	struct place place;
	const char *value = xmail_variable(xmail, "CustMapsList", &place);
	char *copy, *rest, *item;

	if (value == NULL)
		return;
	rest = copy = alloc_string(value);
	while ((item = strtok_r(rest, ",", &rest)) != NULL) {
		if (strchr(item, ':') != NULL)
			add(xmail, item, place, early, late);
		else
			remark_lost(&xmail->remarks, place,
				    "CustMapsList: %s: has no code",
				    shown(item).text);
	}
	free(copy);
}
