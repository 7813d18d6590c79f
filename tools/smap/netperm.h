/*
 * netperm: reads the netperm-table of the TIS firewall toolkit (FWTK): the
 * lines for smap and for all programs (`*').
 *
 *	smap, smapd: spam *.example.com 192.0.2.*
 *
 * A `#' begins a comment only as the first byte of a line. Arguments may be
 * between quotes. A line without a colon or an argument is ignored. One that
 * ends with a backslash goes on in the next: OpenFWTK reads it so, the FWTK of
 * 1994 does not.
 */
#ifndef TOOLS_SMAP_NETPERM_H
#define TOOLS_SMAP_NETPERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "tools/postfix/remarks.h"

struct err;

struct netperm_rule {
	struct place place;
	char *attribute;	  /* "permit-hosts", "spam" */
	struct strings arguments; /* at least one */
	bool used;
};

struct netperm {
	char *file;
	struct netperm_rule *rules; /* in the order of the file */
	size_t count;
};

/* Reports lines that are ignored, and refuses those with a NUL. NULL: the file
 * cannot be read; see err. */
struct netperm *netperm_read(const char *file, struct remarks *, struct err *);
void netperm_free(struct netperm **);

/* The next rule of this attribute, which is used from now on. Begin with NULL;
 * NULL: there are no more. */
const struct netperm_rule *netperm_next(struct netperm *,
					const struct netperm_rule *,
					const char *attribute);

/* The first argument of the first line of this attribute, which is the one that
 * counts; NULL: there is no such line. Others are reported once. */
const char *netperm_value(struct netperm *, const char *attribute,
			  struct place *, struct remarks *);

#endif
