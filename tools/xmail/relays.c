/* smtprelay.tab: the networks that may relay, as mynetworks. */
#include "tools/postfix/relaynets.h"
#include "tools/xmail/xmail.h"

int
xmail_relays(struct xmail *xmail, struct err *err)
{
	struct relaynets *nets = relaynets_new();
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(xmail, "smtprelay.tab", &file, err);

	while (result == 1 && tabfile_next(file, &line)) {
		struct netset set = {0};
		const char *why =
		    line.cut
			? "a line that XMail does not read to its end"
			: xmail_filter(&set, line.fields[0], line.fields[1]);

		if (why == NULL)
			why = relaynets_add(nets, &set,
					    xmail_place(xmail, line.place));
		if (why != NULL)
			remark_lost(&xmail->remarks, line.place,
				    "%s: may not relay: %s",
				    shown(line.fields[0]).text, why);
		else
			relaynets_warn(&set, line.place, &xmail->remarks);
		netset_clear(&set);
	}
	if (result >= 0)
		relaynets_write(nets, xmail->out, xmail->directory,
				&xmail->remarks);
	relaynets_free(&nets);
	tabfile_close(&file);
	return result;
}
