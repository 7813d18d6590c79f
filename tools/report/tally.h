/*
 * tally: logins in groups, and how many different addresses and users each
 * group has.
 */
#ifndef TOOLS_REPORT_TALLY_H
#define TOOLS_REPORT_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct logged_in;
struct logins;

struct tally {
	uint32_t logins, addresses;
	uint32_t users; /* whose names are known */
};

/*
 * Counts the logins from `first' on; groups has the group of each of them, less
 * than ngroups, and out one row for each group. Takes time in proportion to the
 * number of logins, whatever the number of groups is.
 */
void tally_groups(const struct logins *, size_t first, const uint32_t *groups,
		  size_t ngroups, struct tally *out);

#endif
