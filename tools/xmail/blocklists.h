/* blocklists: the lists of CustMapsList, as reject_rbl_client. */
#ifndef TOOLS_XMAIL_BLOCKLISTS_H
#define TOOLS_XMAIL_BLOCKLISTS_H

struct maincf_value;
struct xmail;

/* Adds those whose clients are refused at once to early, and those whose
 * clients may log in to late. Lists that are dead become comments. */
void blocklists(struct xmail *, struct maincf_value *early,
		struct maincf_value *late);

#endif
