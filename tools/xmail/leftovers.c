/* The files of MAILROOT that nothing is made of, by name. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tools/xmail/xmail.h"

static const struct {
	const char *pattern, *why; /* NULL: nothing to carry over */
} known[] = {
    {"smtpgw.tab", "routes are in transport_maps(5)"},
    {"smtpfwd.tab", "routes are in transport_maps(5)"},
    {"smtpextaliases.tab", "see canonical(5)"},
    {"extaliases.tab", "see canonical(5)"},
    {"smtpauth.tab", "it has passwords, which a SASL server must know"},
    {"filters*", "Postfix runs no programs of XMail; see FILTER_README"},
    {"pop3links.tab", "Postfix fetches no mail"},
    {"ctrl*", "Postfix has no such service"},
    {"finger*", "Postfix has no such service"},
    {"pop3.ipmap.tab", "the POP3 server must know it"},
    {"smtp.hnprop.tab", "properties of host names"},
    /* What XMail writes while it runs. */
    {"bin", NULL},
    {"dnscache", NULL},
    {"domains", NULL},
    {"logs", NULL},
    {"msgsync", NULL},
    {"pop3linklocks", NULL},
    {"pop3links", NULL},
    {"pop3locks", NULL},
    {"spool", NULL},
    {"tabindex", NULL},
};

static void
report(struct xmail *xmail, const char *name)
{
	const char *why = "Postfix has no such thing, or it is not known";
	char *path;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fnmatch(known[i].pattern, name, 0) != 0)
			continue;
		why = known[i].why;
		break;
	}
	if (why == NULL)
		return;
	path = alloc_format("%s/%s", xmail->root, shown(name).text);
	remark_lost(&xmail->remarks, (struct place){path, 0},
		    "is not carried over: %s", why);
	free(path);
}

int
xmail_leftovers(struct xmail *xmail, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(xmail->root, &entries, NULL, alphasort);
	bool any = false;

	if (count < 0)
		return err_set(err, "%s: %s", xmail->root, strerror(errno));
	for (int i = 0; i < count; i++)
		any = any || strings_has(&xmail->files, entries[i]->d_name);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (any && !strings_has(&xmail->files, name) &&
		    strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			report(xmail, name);
		free(entries[i]);
	}
	free(entries);
	if (any)
		return 0;
	return err_set(err, "%s: has none of the files of XMail", xmail->root);
}
