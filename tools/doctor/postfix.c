/*
 * Findings on Postfix: its settings as such, types of maps and networks.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/suggest.h"
#include "daemon/conf/postfix_name.h"
#include "daemon/sys/helper.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"
#include "tools/postfix/netset.h"

/* ---- types of maps ---- */

static bool
has_type(const char *map, const char *type)
{
	size_t len = strlen(type);

	return strncmp(map, type, len) == 0 && map[len] == ':';
}

/* The best type that this Postfix reads; the name of the map stays. */
static char *
better_map(const struct postfix_state *s, const char *map)
{
	static const char *const types[] = {"lmdb", "cdb", "hash"};
	const char *name = strchr(map, ':');

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (helper_has_word(s->settings.types, types[i]) &&
		    !has_type(map, types[i]))
			return alloc_format("%s%s", types[i], name);
	return alloc_format("socketmap:unix:/var/spool/postfix/"
			    "pop-before-smtp/socket");
}

/* Postfix 3.11 has begun to phase out Berkeley DB. */
static bool
is_phased_out(const struct postfix_state *s, const char *map)
{
	int major = 0, minor = 0;

	sscanf(postconf_value(&s->settings, "mail_version"), "%d.%d", &major,
	       &minor);
	return has_type(map, "hash") && major * 100 + minor >= 311;
}

/* Whether Postfix has the type. types NULL: nobody has asked. */
static bool
is_readable(const struct postfix_state *s, const char *map)
{
	char *type = alloc_bytes(map, strcspn(map, ":"));
	bool readable = has_type(map, "policy") || /* no table */
			s->settings.types == NULL ||
			helper_has_word(s->settings.types, type);

	free(type);
	return readable;
}

static void
examine_type(struct postfix_state *s, const char *map)
{
	struct report *report = &s->examination->report;
	char *type = alloc_bytes(map, strcspn(map, ":"));
	bool readable = is_readable(s, map);
	char *better, *remedy;

	if (readable && !is_phased_out(s, map)) {
		free(type);
		return;
	}
	better = better_map(s, map);
	remedy = remedies_setting(&report->remedies, "dbfile", better,
				  s->examination->conf.maps.count, map);

	if (!readable)
		REPORT(report, FAULT_MAP_TYPE, type, s->settings.types, map,
		       remedy);
	else
		REPORT(report, FAULT_OLD_TYPE, type,
		       postconf_value(&s->settings, "mail_version"), map,
		       remedy);
	free(remedy);
	free(better);
	free(type);
}

/* ---- mynetworks ---- */

/* Postfix writes IPv6 networks as [2001:db8::]/32. */
static int
parse_network(struct cidr *net, const char *word)
{
	char text[128];
	size_t n = 0;

	for (; *word != '\0' && n < sizeof(text) - 1; word++)
		if (*word != '[' && *word != ']')
			text[n++] = *word;
	return cidr_parse(net, text, n);
}

static void
report_wide(struct postfix_state *s, const char *what, double share, int family)
{
	char size[NETSET_SIZE_MAX];

	netset_format_size(share, family, size);
	REPORT(&s->examination->report, FAULT_WIDE_NETWORK, what, size);
}

/* Reports a network that is wide by itself; adds any other public one to
 * `others'. */
static void
examine_network(struct postfix_state *s, const char *word, struct netset *others)
{
	struct cidr net;

	if (parse_network(&net, word) != 0 || cidr_is_private(&net))
		return;
	if (cidr_is_wide(&net))
		report_wide(s, word, ldexp(1, -(int)net.bits), net.addr.family);
	else
		netset_add(others, &net.addr, net.bits);
}

/* Many networks of ordinary size may be wide together. */
static void
examine_together(struct postfix_state *s, struct netset *nets, int family,
		 int wide)
{
	double share;
	char *what;

	netset_merge(nets);
	share = netset_share(nets, family);
	if (share <= ldexp(1, -wide))
		return;
	what = alloc_format("its IPv%d networks together", family);
	report_wide(s, what, share, family);
	free(what);
}

static void
examine_networks(struct postfix_state *s)
{
	char *value = alloc_string(postconf_value(&s->settings, "mynetworks"));
	struct netset others = {0};
	char *at, *word;

	for (word = strtok_r(value, ", \t", &at); word != NULL;
	     word = strtok_r(NULL, ", \t", &at))
		if (*word != '!' && *word != '/')
			examine_network(s, word, &others);
	examine_together(s, &others, 4, CIDR_WIDE_4);
	examine_together(s, &others, 6, CIDR_WIDE_6);
	netset_clear(&others);
	free(value);
}

/* ---- what postconf warns of ---- */

/* "FILE, line N: overriding earlier entry: NAME=VALUE" */
static bool
take_second_line(struct postfix_state *s, const char *warning)
{
	static const char phrase[] = "overriding earlier entry: ";
	const char *name = strstr(warning, phrase);
	char *copy;

	if (name == NULL)
		return false;
	name += strlen(phrase);
	copy = alloc_bytes(name, strcspn(name, "="));
	REPORT(&s->examination->report, FAULT_SECOND_LINE, copy, warning);
	free(copy);
	return true;
}

/* "FILE: unused parameter: NAME=VALUE", which is a misspelt one, or one that a
 * program other than Postfix reads. */
static bool
take_unused(struct postfix_state *s, const char *warning)
{
	static const char phrase[] = "unused parameter: ";
	const char *name = strstr(warning, phrase), *value, *near;
	char *copy;

	if (name == NULL)
		return false;
	name += strlen(phrase);
	value = name + strcspn(name, "=");
	copy = alloc_bytes(name, (size_t)(value - name));
	near = suggest(copy, postfix_lists());
	if (near != NULL)
		REPORT(&s->examination->report, FAULT_UNUSED_SETTING, copy,
		       near, warning, value + (*value == '='));
	free(copy);
	return near != NULL;
}

static void
examine_warnings(struct postfix_state *s)
{
	const struct strings *warnings = &s->settings.warnings;

	for (size_t i = 0; i < warnings->count; i++)
		if (!take_second_line(s, warnings->list[i]) &&
		    !take_unused(s, warnings->list[i]))
			REPORT(&s->examination->report, FAULT_POSTCONF_WARNS,
			       warnings->list[i]);
}

/* ---- all of it ---- */

static bool
is_unwritten(const char *map)
{
	char *file = postfix_file_of(map);
	bool unwritten =
	    file != NULL && access(file, F_OK) != 0 && errno == ENOENT;

	free(file);
	return unwritten;
}

static void
choose_map(struct postfix_state *s)
{
	s->map = s->maps.list[0];
	for (size_t i = s->maps.count; i-- > 0;)
		if (is_readable(s, s->maps.list[i]))
			s->map = s->maps.list[i];
	s->unreadable = !is_readable(s, s->map);
	s->unwritten = is_unwritten(s->map);
}

void
postfix_state_begin(struct postfix_state *s)
{
	static const char *const types[] = {"hash", "lmdb", "cdb", "socketmap",
					    "policy"};
	const struct strings *maps = &s->examination->conf.maps;

	for (size_t i = 0; i < maps->count; i++)
		for (size_t k = 0; k < sizeof(types) / sizeof(*types); k++)
			if (has_type(maps->list[i], types[k]))
				strings_add(&s->maps, maps->list[i]);
	if (s->maps.count == 0)
		return;
	choose_map(s);
	s->check = has_type(s->map, "policy") ? "check_policy_service"
					      : "check_client_access";
	s->name = postfix_name_of(
	    s->map, postconf_value(&s->settings, "queue_directory"));
}

void
postfix_state_end(struct postfix_state *s)
{
	strings_clear(&s->maps);
	free(s->name);
}

char *
postfix_set_up(const char *why, const struct remedies *r)
{
	if (strcmp(why, "postconf: No such file or directory") == 0)
		return alloc_string("install Postfix, then run this again");
	if (strstr(why, "/main.cf: No") == NULL)
		return alloc_format("correct the settings of Postfix, then: "
				    "%s check",
				    r->postfix);
	if (r->directory != NULL)
		return alloc_format("name the directory that has main.cf: %s "
				    "has none",
				    r->directory);
	return alloc_string("Postfix was not set up; on Debian: "
			    "dpkg-reconfigure postfix; elsewhere: install it "
			    "again, or write main.cf, then: postfix check");
}

static void
report_settings(struct examination *x, const struct err *err)
{
	char *remedy = postfix_set_up(err->text, &x->report.remedies);

	REPORT(&x->report, FAULT_POSTFIX_SETTINGS, err->text, remedy);
	free(remedy);
}

void
examine_postfix(struct examination *x)
{
	struct postfix_state s = {.examination = x};
	struct err err;

	/* Without maps, this host only reports logins to others: it needs no
	 * Postfix. */
	if (x->conf.maps.count == 0)
		return;
	if (postconf_load(&s.settings, &err) != 0) {
		report_settings(x, &err);
		postconf_clear(&s.settings);
		return;
	}
	postfix_state_begin(&s);
	examine_warnings(&s);
	for (size_t i = 0; i < s.maps.count; i++)
		examine_type(&s, s.maps.list[i]);
	examine_networks(&s);
	if (s.maps.count > 0)
		postfix_examine_lists(&s);
	postfix_examine_files(&s);
	postfix_state_end(&s);
	postconf_clear(&s.settings);
}
