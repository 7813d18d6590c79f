#include "tools/doctor/list_remedies.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"
#include "tools/shellword.h"

/* Without it, smtpd(8) answers 451 to everybody while the daemon is stopped:
 * INSTALL, part 6. */
#define DEFAULT_ACTION "default_action=DUNNO"

static bool
is_policy(const struct postfix_state *s)
{
	return strncmp(s->map, "policy:", 7) == 0;
}

/* A map that Postfix cannot open must not get into main.cf: everybody would get
 * 451. NULL: it can be there. */
static char *
first_of_all(const struct postfix_state *s)
{
	const char *restart = s->examination->report.remedies.restart;

	if (s->unreadable)
		return alloc_string("see to postfix-map-type, then run pbsctl "
				    "doctor again for the rest");
	/* The setup wants no remedies. */
	if (s->unwritten)
		return alloc_format("%s; when %s is there, run pbsctl doctor "
				    "again for the rest",
				    restart != NULL ? restart
						    : "start the daemon",
				    s->map);
	return NULL;
}

/* "postconf -e 'LIST = VALUE' && postfix reload" */
static char *
setting(const struct postfix_state *s, const char *list, const char *value)
{
	const struct remedies *r = &s->examination->report.remedies;
	char *text = alloc_format("%s = %s", list, value);
	char *word = shellword(text);
	char *command = alloc_format("%s -e %s && %s reload", r->postconf, word,
				     r->postfix);

	free(word);
	free(text);
	return command;
}

/* ---- a socketmap: map ---- */

/* Whether mail for our own domains passes before any refusal. */
static bool
accepts_own(const struct strings *words, const char *refusal)
{
	for (size_t i = 0; i < words->count && words->list[i] != refusal; i++)
		if (strcasecmp(words->list[i], "permit_auth_destination") == 0)
			return true;
	return false;
}

/* While the daemon is stopped, whoever is not permitted before a socketmap: map
 * gets 451; so mail for our own domains must be. But that goes past whatever
 * follows. NULL: so nothing may, and only that mail may have been accepted. */
static const char *
socketmap_check(const struct postfix_state *s, const char *value)
{
	struct strings words = {0};
	struct judgement j;
	const char *check = NULL;

	restrictions_read(&words, &s->settings, value);
	j = restrictions_judge(&words, &s->maps);
	if (accepts_own(&words, j.refusal))
		check = s->check;
	else if (j.refusal != NULL && j.refusal == words.list[words.count - 1] &&
		 strcasestr(j.refusal, "_unauth_destination") != NULL)
		check = "permit_auth_destination, check_client_access";
	strings_clear(&words);
	return check;
}

/* ---- the map in its place ---- */

/* The list with the map where it should be; NULL: it needs another order. */
static char *
edited(const struct postfix_state *s, const char *value)
{
	const char *check = s->check;
	char *name, *list = NULL;

	if (strncmp(s->map, "socketmap:", 10) == 0)
		check = socketmap_check(s, value);
	name = is_policy(s) ? alloc_format("{ %s, " DEFAULT_ACTION
					   ", timeout=5s }",
					   s->name)
			    : alloc_string(s->name);
	if (check != NULL)
		list = restrictions_with(value, &s->maps, check, name);
	free(name);
	return list;
}

char *
list_remedy(const struct postfix_state *s, const char *list)
{
	const char *reload = s->examination->report.remedies.postfix;
	const char *present = restrictions_editable(&s->settings, list);
	char *value, *command = first_of_all(s);

	if (command != NULL)
		return command;
	if (present == NULL)
		return alloc_format("put %s %s before what refuses strangers, in "
				    "the setting of main.cf that %s names; "
				    "then: %s reload",
				    s->check, s->name, list, reload);
	value = edited(s, present);
	command = value != NULL
		      ? setting(s, list, value)
		      : alloc_format(
			    "write %s in main.cf in the order that INSTALL, "
			    "part 6, has for a socketmap: map, with %s %s; "
			    "then: %s reload",
			    list, s->check, s->name, reload);
	free(value);
	return command;
}

char *
list_order(const struct postfix_state *s, const char *list, const char *word)
{
	if (restrictions_editable(&s->settings, list) != NULL)
		return list_remedy(s, list);
	return alloc_format("put permit_auth_destination before %s in main.cf, "
			    "as in INSTALL, part 6; then: %s reload",
			    word, s->examination->report.remedies.postfix);
}

char *
list_closed(const struct postfix_state *s)
{
	static const char plain[] =
	    "permit_mynetworks, reject_unauth_destination";
	char *not_yet = first_of_all(s);
	bool bare = not_yet != NULL;

	free(not_yet);
	return bare ? alloc_string(plain) : edited(s, plain);
}

/* ---- one word of a list ---- */

/* The command that puts text in the place of a word. */
static char *
exchange(const struct postfix_state *s, const char *list, const char *word,
	 const char *text)
{
	const char *value = postconf_raw(&s->settings, list);
	const char *at = strstr(value, word);
	char *changed, *command;

	if (at == NULL) /* in another setting, which this one names */
		return alloc_format("write %s in place of %s in main.cf, then: "
				    "%s reload",
				    text, word,
				    s->examination->report.remedies.postfix);
	changed = alloc_format("%.*s%s%s", (int)(at - value), value, text,
			       at + strlen(word));
	command = setting(s, list, changed);
	free(changed);
	return command;
}

char *
list_replacement(const struct postfix_state *s, const char *list,
		 const char *word)
{
	char *command = first_of_all(s);

	return command != NULL ? command : exchange(s, list, word, s->name);
}

/* Whether the word is in braces, where it may have attributes. */
static bool
is_braced(const char *value, const char *word)
{
	const char *at = strstr(value, word);

	while (at != NULL && at > value && strchr(" \t", at[-1]) != NULL)
		at--;
	return at != NULL && at > value && at[-1] == '{';
}

char *
list_default(const struct postfix_state *s, const char *list, const char *word)
{
	bool braced = is_braced(postconf_raw(&s->settings, list), word);
	char *text = braced ? alloc_format("%s, " DEFAULT_ACTION, word)
			    : alloc_format("{ %s, " DEFAULT_ACTION
					   ", timeout=5s }",
					   word);
	char *command = exchange(s, list, word, text);

	free(text);
	return command;
}
