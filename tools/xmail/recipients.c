/*
 * mailusers.tab, aliases.tab, cmdaliases/ and custdomains/: who can get mail,
 * as relay_recipient_maps.
 *
 * The third field of mailusers.tab is the password: nothing of a line of this
 * file that could be it is ever shown.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/hashmap.h"
#include "maps/string_map.h"
#include "tools/gateway/address.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/string_set.h"
#include "tools/postfix/globexpr.h"
#include "tools/xmail/userfile.h"
#include "tools/xmail/xmail.h"

enum { ALTERNATIVES = 100 };

/* A domain of domains.tab. */
struct home {
	struct hashmap_key key; /* its name, which xmail->domains owns */
	struct strings users;	/* and aliases */
	struct strings patterns;
	bool catch_all;
};

struct recipients {
	struct xmail *xmail;
	struct hashmap *homes;
	struct address_list *list;
	char *rules; /* for the table of expressions */
	size_t rules_len;
	FILE *rules_stream;
};

static struct home *
find_home(const struct recipients *all, const char *domain)
{
	char name[256];
	struct hashmap_key key = {name, strlen(domain)};

	if (key.len >= sizeof(name))
		return NULL;
	for (size_t i = 0; i <= key.len; i++)
		name[i] = (char)tolower((unsigned char)domain[i]);
	return hashmap_find(all->homes, &key);
}

static void
make_homes(struct recipients *all)
{
	const struct strings *domains = &all->xmail->domains;

	all->homes = hashmap_new(sizeof(struct home), HASHMAP_KEY_OUTSIDE);
	for (size_t i = 0; i < domains->count; i++) {
		struct hashmap_key key = {domains->list[i],
					  strlen(domains->list[i])};

		hashmap_put(all->homes, &key);
	}
}

static void
free_homes(struct recipients *all)
{
	struct home *home = NULL;

	while ((home = hashmap_next(all->homes, home)) != NULL) {
		strings_clear(&home->users);
		strings_clear(&home->patterns);
	}
	hashmap_free(&all->homes);
}

/* Why an address of XMail cannot be a recipient here; NULL: it can. */
static const char *
unfit(const char *user, const char *domain)
{
	struct address address;
	char *text;
	const char *why;

	/* An expression, in a list of recipients. */
	if (strchr(user, '\\') != NULL || *user == '\0')
		return "not a user name";
	text = alloc_format("%s@%s", user, domain);
	why = address_parse(&address, text, strlen(text));
	free(text);
	return why;
}

static void
add_mailbox(struct recipients *all, const struct tabline *line)
{
	struct remarks *remarks = &all->xmail->remarks;
	struct home *home = find_home(all, line->fields[0]);
	const char *why;

	if (line->cut || line->count < 6) {
		remark_lost(remarks, line->place,
			    "is left out: not the 6 fields of a user");
		return;
	}
	if (home == NULL) {
		remark_lost(remarks, line->place,
			    "is left out: its domain is not in domains.tab");
		return;
	}
	why = unfit(line->fields[1], home->key.bytes);
	if (why != NULL)
		remark_lost(remarks, line->place, "is left out: %s", why);
	else if (userfile_receives(all->xmail, line))
		strings_add(&home->users, line->fields[1]);
}

static int
read_mailboxes(struct recipients *all, struct err *err)
{
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(all->xmail, "mailusers.tab", &file, err);

	while (result == 1 && tabfile_next(file, &line))
		add_mailbox(all, &line);
	tabfile_close(&file);
	return result;
}

static bool
is_pattern(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

static void
add_alias(struct recipients *all, struct home *home, const char *alias,
	  struct place place)
{
	const char *why = NULL;

	if (alias[0] == '*' && alias[strspn(alias, "*")] == '\0')
		home->catch_all = true;
	else if (is_pattern(alias) && globexpr_plain(alias) &&
		 strpbrk(alias, "@\"' ") == NULL)
		strings_add(&home->patterns, alias);
	else if ((why = unfit(alias, home->key.bytes)) == NULL)
		strings_add(&home->users, alias);
	if (why != NULL)
		remark_lost(&all->xmail->remarks, place, "%s: is left out: %s",
			    shown(alias).text, why);
}

/* "domain" "alias" "account"; the domain may be a pattern for ours. */
static void
add_alias_line(struct recipients *all, const struct tabline *line)
{
	const char *domain = line->fields[0];
	struct home *home = NULL;
	bool any = false;

	if (line->cut || line->count < 3) {
		remark_lost(&all->xmail->remarks, line->place,
			    "is left out: not the 3 fields of an alias");
		return;
	}
	while ((home = hashmap_next(all->homes, home)) != NULL) {
		if (fnmatch(domain, home->key.bytes, FNM_CASEFOLD) != 0)
			continue;
		any = true;
		add_alias(all, home, line->fields[1], line->place);
	}
	if (!any)
		remark_lost(&all->xmail->remarks, line->place,
			    "%s: is left out: %s is not in domains.tab",
			    shown(line->fields[1]).text, shown(domain).text);
}

static int
read_aliases(struct recipients *all, struct err *err)
{
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(all->xmail, "aliases.tab", &file, err);

	while (result == 1 && tabfile_next(file, &line))
		add_alias_line(all, &line);
	tabfile_close(&file);
	return result;
}

/* cmdaliases/DOMAIN/ALIAS.tab */
static int
read_commands(struct recipients *all, struct home *home, const char *domain,
	      struct err *err)
{
	char *path = alloc_format("%s/cmdaliases/%s", all->xmail->root, domain);
	struct place place = {path, 0};
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);
	int result =
	    count < 0 ? err_set(err, "%s: %s", path, strerror(errno)) : 0;

	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name;
		size_t len = strlen(name);

		if (len > 4 && strcmp(name + len - 4, ".tab") == 0) {
			name[len - 4] = '\0';
			add_alias(all, home, name, place);
		}
		free(entries[i]);
	}
	free(entries);
	free(path);
	return result;
}

static int
read_command_domain(struct recipients *all, const char *domain, struct err *err)
{
	struct home *home = find_home(all, domain);
	char *path;

	if (domain[0] == '.')
		return 0;
	if (home != NULL)
		return read_commands(all, home, domain, err);
	path = alloc_format("%s/cmdaliases/%s", all->xmail->root,
			    shown(domain).text);
	remark_lost(&all->xmail->remarks, (struct place){path, 0},
		    "is left out: the domain is not in domains.tab");
	free(path);
	return 0;
}

static int
read_command_aliases(struct recipients *all, struct err *err)
{
	char *path = alloc_format("%s/cmdaliases", all->xmail->root);
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort), result = 0;

	if (count < 0 && errno != ENOENT)
		result = err_set(err, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (result == 0)
			result =
			    read_command_domain(all, entries[i]->d_name, err);
		free(entries[i]);
	}
	strings_add(&all->xmail->files, "cmdaliases");
	free(entries);
	free(path);
	return result;
}

static void
put_address(struct recipients *all, const char *user, const char *domain)
{
	char *text = alloc_format("%s@%s", user, domain);

	/* Too long for another domain's name: nobody can write to it. */
	address_list_add(all->list, text, strlen(text));
	free(text);
}

/* A rule for a pattern of users at a domain, or below it, if it has a dot. */
static void
put_pattern(struct recipients *all, const char *pattern, const char *domain)
{
	FILE *out = all->rules_stream;
	char *text = NULL;
	size_t len;
	FILE *rule = open_memstream(&text, &len);
	int result = globexpr_wild(rule, pattern, "[^@]*", "[^@]");

	fprintf(rule, "@%s", domain[0] == '.' ? "[^@]*" : "");
	globexpr_literal(rule, domain);
	fclose(rule);
	if (result == 0)
		fprintf(out, "/^%s$/ ok\n", text);
	free(text);
}

/* All users of a domain below an alias domain: alternatives of so many that
 * PCRE does not find the expression too large. */
static void
put_users_below(struct recipients *all, const struct home *home,
		const char *domain)
{
	FILE *out = all->rules_stream;

	fputs("if /@[^@]*", out);
	globexpr_literal(out, domain);
	fputs("$/\n", out);
	for (size_t i = 0; i < home->users.count; i++) {
		bool last = i + 1 == home->users.count ||
			    i % ALTERNATIVES == ALTERNATIVES - 1;

		fputs(i % ALTERNATIVES == 0 ? "/^(" : "|", out);
		globexpr_literal(out, home->users.list[i]);
		if (last)
			fputs(")@[^@]*$/ ok\n", out);
	}
	fputs("endif\n", out);
}

/* The recipients of a domain, by its own or another name. */
static void
put_home(struct recipients *all, const struct home *home, const char *domain)
{
	bool below = domain[0] == '.';

	for (size_t i = 0; i < home->patterns.count; i++)
		put_pattern(all, home->patterns.list[i], domain);
	if (home->catch_all && below)
		put_pattern(all, "*", domain);
	else if (home->catch_all)
		put_address(all, "", domain);
	if (below && home->users.count > 0)
		put_users_below(all, home, domain);
	for (size_t i = 0; i < home->users.count && !below; i++)
		put_address(all, home->users.list[i], domain);
}

static void
put_all(struct recipients *all)
{
	const struct strings *aliases = &all->xmail->alias_domains;
	const struct strings *custom = &all->xmail->custom;
	const struct home *home = NULL;

	while ((home = hashmap_next(all->homes, home)) != NULL)
		put_home(all, home, home->key.bytes);
	for (size_t i = 0; i + 1 < aliases->count; i += 2) {
		home = find_home(all, aliases->list[i + 1]);
		if (home != NULL)
			put_home(all, home, aliases->list[i]);
	}
	for (size_t i = 0; i < custom->count; i++) {
		if (custom->list[i][0] == '.')
			put_pattern(all, "*", custom->list[i]);
		else
			put_address(all, "", custom->list[i]);
	}
}

/* That of the daemon's map, if it has keys: Postfix can read it. */
static void
choose_type(struct xmail *xmail)
{
	struct err err;

	xmail->list_type = alloc_bytes(xmail->map, strcspn(xmail->map, ":"));
	if (string_map_check_type(xmail->list_type, &err) == 0)
		return;
	free(xmail->list_type);
	xmail->list_type = alloc_string("hash");
}

static void
write_settings(struct recipients *all)
{
	struct xmail *xmail = all->xmail;
	struct place nowhere = {NULL, 0};
	struct maincf_value value = {0};
	FILE *out = outset_stream(xmail->out, "main.cf");

	maincf_add(&value, (struct place){"mailusers.tab", 0},
		   "%s:%s/recipients", xmail->list_type, xmail->directory);
	maincf_add(&value, (struct place){"aliases.tab", 0},
		   "regexp:%s/recipients.plus", xmail->directory);
	maincf_write(out, "relay_recipient_maps", &value, true);
	maincf_add(&value, nowhere, "550");
	maincf_write(out, "unknown_relay_recipient_reject_code", &value, true);
}

static void
write_all(struct recipients *all)
{
	struct outset *out = all->xmail->out;
	struct place root = {all->xmail->root, 0};
	const struct string_set *keys = all->list->keys;
	FILE *table;

	if (string_set_count(keys) == 0 && all->rules_len == 0) {
		if (all->xmail->domains.count > 0)
			remark_lost(&all->xmail->remarks, root,
				    "has no user: there is no list of "
				    "recipients, and mail to anybody is "
				    "accepted");
		return;
	}
	address_list_sort(all->list);
	choose_type(all->xmail);
	outset_also_map(out, "recipients", all->xmail->list_type);
	table = outset_stream(out, "recipients");
	for (size_t i = 0; i < string_set_count(keys); i++)
		fprintf(table, "%s\tok\n", string_set_at(keys, i));
	fwrite(all->rules, 1, all->rules_len, outset_stream(out, "plus"));
	write_settings(all);
}

int
xmail_recipients(struct xmail *xmail, struct err *err)
{
	struct recipients all = {.xmail = xmail};
	int result = -1;

	all.list = address_list_new();
	all.rules_stream = open_memstream(&all.rules, &all.rules_len);
	make_homes(&all);
	if (read_mailboxes(&all, err) >= 0 && read_aliases(&all, err) >= 0 &&
	    read_command_aliases(&all, err) >= 0) {
		put_all(&all);
		fflush(all.rules_stream);
		write_all(&all);
		result = 0;
	}
	fclose(all.rules_stream);
	free(all.rules);
	free_homes(&all);
	address_list_free(&all.list);
	return result;
}
