/*
 * Findings on Postfix's lists of restrictions: does smtpd(8) ask our map, and
 * before it refuses?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/suggest.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/list_remedies.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"

static const char *const lists[] = {
    "smtpd_client_restrictions", "smtpd_helo_restrictions",
    "smtpd_sender_restrictions", "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions", NULL};

/* Where an exemption is all that is wanted. */
static const char exemption[] = "postscreen_access_list";

enum { RELAY = 3, RECIPIENT = 4 };

const char *const *
postfix_lists(void)
{
	return lists;
}

/* The list, as this service has it. service NULL: as main.cf has it. */
static const char *
list_value(const struct postfix_state *s, const char *service,
	   const char *name)
{
	const char *value = postconf_override(&s->settings, service, name);

	return value != NULL ? value : postconf_value(&s->settings, name);
}

/* smtpd_relay_restrictions decides who may relay; if it is empty, it is the
 * recipients' list: postconf(5). */
static const char *
decisive_list(const struct postfix_state *s, const char *service)
{
	const char *relay = list_value(s, service, lists[RELAY]);

	return *relay != '\0' ? lists[RELAY] : lists[RECIPIENT];
}

static bool
is_in(const struct postfix_state *s, const char *service, const char *name)
{
	struct strings words = {0};
	struct judgement j;

	restrictions_read(&words, &s->settings, list_value(s, service, name));
	j = restrictions_judge(&words, &s->maps);
	strings_clear(&words);
	return j.map != NULL;
}

/* ---- the map is not in the list that decides ---- */

static bool
take_wrong_list(struct postfix_state *s, const char *decisive)
{
	for (size_t i = 0; lists[i] != NULL; i++) {
		char *remedy;

		if (!is_in(s, NULL, lists[i]))
			continue;
		remedy = list_remedy(s, decisive);
		REPORT(&s->examination->report, FAULT_WRONG_LIST, s->name,
		       lists[i], decisive, remedy);
		free(remedy);
		return true;
	}
	return false;
}

/* "hash:/var/lib/x/map.db", "lmdb:/var/lib/x/map", "hash:/var/lib/x/mpa" */
static bool
is_near(const char *word, const char *map)
{
	const char *maps[] = {NULL, NULL};
	const char *path = strchr(word, ':'), *ours = strchr(map, ':');
	size_t len;

	if (path == NULL || path[1] != '/')
		return false;
	len = strlen(ours);
	if (strncmp(path, ours, len) == 0 &&
	    (path[len] == '\0' || path[len] == '.'))
		return true;
	/* The directory is often longer than what is misspelt. */
	maps[0] = strrchr(map, '/') != NULL ? strrchr(map, '/') + 1 : map;
	return suggest(strrchr(path, '/') + 1, maps) != NULL ||
	       (maps[0] = map, suggest(word, maps) != NULL);
}

static bool
take_near(struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	bool found = false;

	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	for (size_t i = 0; i < words.count && !found; i++) {
		char *remedy;

		found = is_near(words.list[i], s->map);
		if (!found)
			continue;
		remedy = list_replacement(s, list, words.list[i]);
		REPORT(&s->examination->report, FAULT_NEARLY_NAMED,
		       words.list[i], list, s->map, remedy);
		free(remedy);
	}
	strings_clear(&words);
	return found;
}

static void
take_absent(struct postfix_state *s, const char *decisive)
{
	char *remedy;

	if (take_wrong_list(s, decisive) || is_in(s, NULL, exemption))
		return;
	for (size_t i = 0; lists[i] != NULL; i++)
		if (take_near(s, lists[i]))
			return;
	if (take_near(s, "mynetworks"))
		return;
	remedy = list_remedy(s, decisive);
	REPORT(&s->examination->report, FAULT_NOT_NAMED, s->name, decisive,
	       remedy);
	free(remedy);
}

/* ---- the map is there ---- */

static void
examine_place(struct postfix_state *s, const char *list,
	      const struct judgement *j)
{
	struct report *report = &s->examination->report;
	char *remedy = list_remedy(s, list);

	if (j->late)
		REPORT(report, FAULT_TOO_LATE, list, j->refusal, NULL, remedy);
	else if (strcasecmp(j->check, s->check) != 0)
		REPORT(report, FAULT_WRONG_CHECK, list,
		       *j->check != '\0' ? j->check : "nothing", s->check,
		       remedy);
	if (strncmp(j->map, "proxy:hash:", 11) == 0 ||
	    strncmp(j->map, "proxy:cdb:", 10) == 0) {
		free(remedy);
		remedy = list_replacement(s, list, j->map);
		REPORT(report, FAULT_PROXY, list, j->map, remedy);
	}
	free(remedy);
}

/* ---- a policy service ---- */

static bool
begins(const char *word, const char *prefix)
{
	return strncasecmp(word, prefix, strlen(prefix)) == 0;
}

/* Whether the attributes that follow words->list[i] have a default_action. */
static bool
has_default(const struct strings *words, size_t i)
{
	while (++i < words->count && !begins(words->list[i], "check_") &&
	       !begins(words->list[i], "permit") &&
	       !begins(words->list[i], "reject") &&
	       !begins(words->list[i], "defer_"))
		if (begins(words->list[i], "default_action"))
			return true;
	return false;
}

/* Our policy service, as the list names it without what to do while the daemon
 * is stopped. What precedes it, and lets mail for our own domains pass, is
 * enough. */
static const char *
without_default(const struct postfix_state *s, const struct strings *words)
{
	for (size_t i = 0; i + 1 < words->count; i++)
		if (strcasecmp(words->list[i], "permit_auth_destination") == 0)
			return NULL;
		else if (strcasecmp(words->list[i], "check_policy_service") ==
			     0 &&
			 restrictions_names(words->list[i + 1], &s->maps) &&
			 !has_default(words, i + 1))
			return words->list[i + 1];
	return NULL;
}

/* Before Postfix 3.0 there is no such attribute, nor this setting. */
static void
examine_default(struct postfix_state *s, const char *list)
{
	const char *action = postconf_value(
	    &s->settings, "smtpd_policy_service_default_action");
	struct strings words = {0};
	const char *service;
	char *remedy;

	if (*action != '4' && *action != '5')
		return;
	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	service = without_default(s, &words);
	if (service != NULL) {
		remedy = list_default(s, list, service);
		REPORT(&s->examination->report, FAULT_NO_DEFAULT, list, service,
		       remedy);
		free(remedy);
	}
	strings_clear(&words);
}

/* ---- a socketmap: map ---- */

/* Without an answer, smtpd says 451. */
static void
examine_order(struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	const char *asked;
	char *remedy;

	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	asked = restrictions_asked_first(&words, &s->maps);
	if (asked != NULL) {
		remedy = list_order(s, list, asked);
		REPORT(&s->examination->report, FAULT_OWN_MAIL, list, asked,
		       remedy);
		free(remedy);
	}
	strings_clear(&words);
}

/* ---- one service ---- */

/* Whether the list refuses nobody whom the map lets relay. */
static bool
lets_pass(const struct postfix_state *s, const char *service,
	  const char *list, bool decides)
{
	struct strings words = {0};
	struct judgement j;
	bool passes;

	restrictions_read(&words, &s->settings, list_value(s, service, list));
	j = restrictions_judge(&words, &s->maps);
	passes = j.refusal == NULL ? !decides || j.map != NULL
				   : j.map != NULL && !j.late;
	if (j.lists_network && is_in(s, service, "mynetworks"))
		passes = true;
	strings_clear(&words);
	return passes;
}

static void
examine_decisive(struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	struct judgement j;

	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	j = restrictions_judge(&words, &s->maps);
	if (j.map != NULL)
		examine_place(s, list, &j);
	else if (!lets_pass(s, NULL, list, true))
		take_absent(s, list);
	strings_clear(&words);
}

/* ---- anybody may relay, or nobody is served ---- */

static bool
list_refuses(const struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	bool refuse;

	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	refuse = restrictions_refuse(&words);
	strings_clear(&words);
	return refuse;
}

static bool
list_suffices(const struct postfix_state *s, const char *list)
{
	return restrictions_suffice(&s->settings, list_value(s, NULL, list));
}

/* Whether the lists fail to refuse strangers, which is reported. */
static bool
take_open(struct postfix_state *s)
{
	enum fault fault = FAULT_OPEN_RELAY;
	char *value;

	if (!list_suffices(s, lists[RELAY]) &&
	    !list_suffices(s, lists[RECIPIENT]))
		fault = FAULT_NO_REFUSAL;
	else if (list_refuses(s, lists[RELAY]) ||
		 list_refuses(s, lists[RECIPIENT]))
		return false;
	value = list_closed(s);
	REPORT(&s->examination->report, fault,
	       list_value(s, NULL, lists[RELAY]),
	       list_value(s, NULL, lists[RECIPIENT]), value);
	free(value);
	return true;
}

/* smtpd asks each list, and one refusal is enough. */
static void
examine_other(struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	struct judgement j;
	char *remedy;

	restrictions_read(&words, &s->settings, list_value(s, NULL, list));
	j = restrictions_judge(&words, &s->maps);
	if (!lets_pass(s, NULL, list, false)) {
		remedy = list_remedy(s, list);
		REPORT(&s->examination->report, FAULT_OTHER_LIST, list,
		       j.refusal, NULL, remedy);
		free(remedy);
	}
	strings_clear(&words);
}

/* Services for which other rules are right: those that want a password, and
 * those that only this machine reaches. */
static bool
is_apart(const struct postfix_state *s, const char *service)
{
	static const char *const prefixes[] = {"127.", "localhost:", "[::1]",
					       "::1:"};
	static const char *const passwords[] = {
	    "submission/", "submissions/", "smtps/", "587/", "465/"};
	const char *sasl = postconf_override(&s->settings, service,
					     "smtpd_sasl_auth_enable");

	if (strstr(service, "/unix") != NULL)
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(service, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(*passwords); i++)
		if (strncmp(service, passwords[i], strlen(passwords[i])) == 0)
			return sasl != NULL && strcasecmp(sasl, "yes") == 0;
	return false;
}

static void
examine_service(struct postfix_state *s, const char *service)
{
	const char *decisive = decisive_list(s, service);

	if (is_apart(s, service))
		return;
	for (size_t i = 0; lists[i] != NULL; i++) {
		const char *value =
		    postconf_override(&s->settings, service, lists[i]);
		char *key;

		if (value == NULL || lets_pass(s, service, lists[i],
					       lists[i] == decisive))
			continue;
		key = alloc_format("%s/%s", service, lists[i]);
		REPORT(&s->examination->report, FAULT_OVERRIDE, key, value);
		free(key);
	}
}

void
postfix_examine_lists(struct postfix_state *s)
{
	struct postfix_service service;

	s->decisive = decisive_list(s, NULL);
	if (take_open(s))
		return;
	examine_decisive(s, s->decisive);
	for (size_t i = 0; lists[i] != NULL; i++)
		if (lists[i] != s->decisive && is_in(s, NULL, s->decisive))
			examine_other(s, lists[i]);
	for (size_t i = 0; lists[i] != NULL; i++) {
		examine_default(s, lists[i]);
		examine_order(s, lists[i]);
	}
	for (size_t i = 0; i < s->settings.services.count; i++)
		if (postconf_smtpd(&s->settings, s->settings.services.list[i],
				   &service))
			examine_service(s, service.name);
}
