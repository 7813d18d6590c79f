/* domains.tab, aliasdomain.tab and custdomains/, as relay_domains. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tools/postfix/relaydomains.h"
#include "tools/xmail/xmail.h"

/* In lower case, to be freed. */
static char *
lower(const char *text)
{
	char *copy = alloc_string(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

/* Adds a domain, or with a dot before it all domains below it. false: it has
 * been reported. */
static bool
add_domain(struct xmail *xmail, struct relaydomains *domains, const char *name,
	   struct place place)
{
	const char *why =
	    relaydomains_add(domains, name, xmail_place(xmail, place));

	if (why != NULL)
		remark_lost(&xmail->remarks, place, "%s: is left out: %s",
			    shown(name).text, why);
	return why == NULL;
}

static int
read_domains(struct xmail *xmail, struct relaydomains *domains, struct err *err)
{
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(xmail, "domains.tab", &file, err);

	while (result == 1 && tabfile_next(file, &line)) {
		char *name = lower(line.cut ? "" : line.fields[0]);

		if (name[0] == '.')
			name[0] = '?';
		if (add_domain(xmail, domains, name, line.place))
			strings_add(&xmail->domains, name);
		free(name);
	}
	tabfile_close(&file);
	return result;
}

/* "alias" "domain": "*.x" is ".x" from here on. */
static void
add_alias(struct xmail *xmail, struct relaydomains *domains,
	  const struct tabline *line)
{
	char *alias = lower(line->cut ? "" : line->fields[0]);
	char *real = lower(line->fields[1]);
	bool wild = strncmp(alias, "*.", 2) == 0;

	if (add_domain(xmail, domains, alias + wild, line->place)) {
		strings_add(&xmail->alias_domains, alias + wild);
		strings_add(&xmail->alias_domains, real);
	}
	free(alias);
	free(real);
}

static int
read_aliases(struct xmail *xmail, struct relaydomains *domains, struct err *err)
{
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(xmail, "aliasdomain.tab", &file, err);

	while (result == 1 && tabfile_next(file, &line))
		add_alias(xmail, domains, &line);
	tabfile_close(&file);
	return result;
}

/* A file "example.com.tab", or ".example.com.tab" for all domains below. */
static void
add_custom(struct xmail *xmail, struct relaydomains *domains, const char *name)
{
	size_t len = strlen(name);
	char *path =
	    alloc_format("%s/custdomains/%s", xmail->root, shown(name).text);
	char *domain = lower(name);

	if (len > 4 && strcmp(domain + len - 4, ".tab") == 0) {
		domain[len - 4] = '\0';
		if (add_domain(xmail, domains, domain, (struct place){path, 0}))
			strings_add(&xmail->custom, domain);
	} else if (strcmp(name, ".tab") == 0)
		remark_lost(&xmail->remarks, (struct place){path, 0},
			    "stands for all domains: such a relay would be "
			    "open");
	free(domain);
	free(path);
}

static int
read_custom(struct xmail *xmail, struct relaydomains *domains, struct err *err)
{
	char *path = alloc_format("%s/custdomains", xmail->root);
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort), result = 0;

	if (count < 0 && errno != ENOENT)
		result = err_set(err, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		add_custom(xmail, domains, entries[i]->d_name);
		free(entries[i]);
	}
	strings_add(&xmail->files, "custdomains");
	free(entries);
	free(path);
	return result;
}

int
xmail_domains(struct xmail *xmail, struct err *err)
{
	struct relaydomains *domains = relaydomains_new();
	int result = -1;

	if (read_domains(xmail, domains, err) >= 0 &&
	    read_aliases(xmail, domains, err) >= 0 &&
	    read_custom(xmail, domains, err) >= 0) {
		relaydomains_write(domains,
				   outset_stream(xmail->out, "main.cf"));
		result = 0;
	}
	relaydomains_free(&domains);
	return result;
}
