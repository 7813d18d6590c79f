#include "tools/setup/list_edits.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/err.h"
#include "daemon/conf/conf.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/restrictions.h"
#include "tools/setup/edit.h"

/* The lists that may refuse a client because it may not relay. */
static const char *const lists[] = {"smtpd_relay_restrictions",
				    "smtpd_recipient_restrictions"};

static int
refuse(struct strings *reasons, const char *list, const char *why)
{
	char *reason = alloc_format("%s: %s", list, why);

	strings_add(reasons, reason);
	free(reason);
	return -1;
}

/* main.cf must not name a map that Postfix cannot open: all mail would stop. */
static int
refuse_type(struct strings *reasons, const char *map)
{
	char *why = alloc_format("this Postfix cannot read such maps "
				 "(postconf -m); set another dbfile:, or "
				 "install postfix-%.*s",
				 (int)strcspn(map, ":"), map);
	int result = refuse(reasons, map, why);

	free(why);
	return result;
}

/* Adds what the doctor finds to the reasons. -1: it has found something. */
static int
refuse_for(struct strings *reasons, const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct found_fault *found = &report->list[i];
		char *reason = alloc_format("%s (%s); remedy: %s", found->what,
					    found->how, found->remedy);

		strings_add(reasons, reason);
		free(reason);
	}
	return report->count > 0 ? -1 : 0;
}

/* ---- the present settings ---- */

/* Faults that an edit of the lists repairs. */
static bool
is_curable(enum fault fault)
{
	return fault == FAULT_NOT_NAMED || fault == FAULT_WRONG_LIST ||
	       fault == FAULT_TOO_LATE || fault == FAULT_WRONG_CHECK ||
	       fault == FAULT_OTHER_LIST;
}

/* Faults that remain: after an edit, nobody or the wrong clients could relay. */
static bool
is_obstacle(enum fault fault)
{
	return fault == FAULT_NEARLY_NAMED || fault == FAULT_OVERRIDE ||
	       fault == FAULT_OPEN_RELAY || fault == FAULT_NO_REFUSAL;
}

static bool
has(const struct report *report, bool kind(enum fault))
{
	bool found = false;

	for (size_t i = 0; i < report->count; i++)
		found |= kind(report->list[i].fault);
	return found;
}

/* ---- one list ---- */

static struct judgement
judge(const struct postfix_state *s, const char *value, struct strings *words)
{
	restrictions_read(words, &s->settings, value);
	return restrictions_judge(words, &s->maps);
}

/* Whether the list refuses strangers without looking into our map first. */
static bool
needs_edit(const struct postfix_state *s, const char *list)
{
	struct strings words = {0};
	struct judgement j = judge(s, postconf_value(&s->settings, list),
				   &words);
	bool needs = j.refusal != NULL &&
		     (j.map == NULL || j.late ||
		      strcasecmp(j.check, s->check) != 0);

	strings_clear(&words);
	return needs;
}

/* Whether main.cf has the setting. If not, its value is Postfix's default, which
 * may be an expression. */
static bool
is_set(const struct postconf *pc, const char *name)
{
	size_t len = strlen(name), count = 0;

	/* The defaults come first, and then what main.cf has. */
	for (size_t i = 0; i < pc->raw.count; i++)
		count += strncmp(pc->raw.list[i], name, len) == 0 &&
			 strncmp(pc->raw.list[i] + len, " =", 2) == 0;
	return count > 1;
}

/* The value as the administrator wrote it, or Postfix's default. */
static const char *
present_value(const struct postconf *pc, const char *name)
{
	return is_set(pc, name) ? postconf_raw(pc, name)
				: postconf_value(pc, name);
}

static void
add_setting(struct strings *settings, const char *name, const char *value)
{
	char *setting = alloc_format("%s = %s", name, value);

	strings_add(settings, setting);
	free(setting);
}

/* Then postconf -e would change only one of the lines. */
static bool
is_set_twice(const struct postconf *pc, const char *name)
{
	char *phrase = alloc_format("overriding earlier entry: %s=", name);
	bool twice = false;

	for (size_t i = 0; i < pc->warnings.count; i++)
		twice |= strstr(pc->warnings.list[i], phrase) != NULL;
	free(phrase);
	return twice;
}

static int
edit_list(struct strings *settings, const struct postfix_state *s,
	  const char *list, struct strings *reasons)
{
	const struct postconf *pc = &s->settings;
	const char *value = restrictions_editable(pc, list);
	char *edited;

	if (is_set_twice(pc, list))
		return refuse(reasons, list, "main.cf sets it twice");
	if (value == NULL)
		return refuse(reasons, list,
			      "the restriction that refuses strangers is not in "
			      "it, but in a setting that it names");
	edited = restrictions_with(value, &s->maps, s->check, s->name);
	add_setting(settings, list, edited);
	free(edited);
	return 0;
}

static int
edit_lists(struct strings *settings, const struct postfix_state *s,
	   struct strings *reasons)
{
	bool files = strncmp(s->map, "socketmap:", 10) != 0 &&
		     strncmp(s->map, "policy:", 7) != 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!needs_edit(s, lists[i]))
			continue;
		else if (!files)
			return refuse(reasons, lists[i],
				      "a socketmap: or policy: service needs "
				      "another order: INSTALL, part 6");
		else if (edit_list(settings, s, lists[i], reasons) != 0)
			return -1;
	if (settings->count == 0)
		return refuse(reasons, lists[0],
			      "neither it nor the list of recipients has "
			      "reject_unauth_destination");
	return 0;
}

/* ---- the edited settings ---- */

/* Asks Postfix itself what the edited settings mean. */
static int
try_edits(const struct strings *settings, const struct postfix_state *s,
	  struct strings *reasons)
{
	struct examination x = {.conf = s->examination->conf,
				.report.settings = "the settings"};
	const struct remedies *ours = &s->examination->report.remedies;
	struct postfix_state trial = {.examination = &x};
	struct edit_trial copy;
	struct err err;
	int result = -1;

	/* Not the directory of the trial, which soon is gone. */
	remedies_instance(&x.report.remedies, ours->directory);
	if (edit_try(&copy, postconf_value(&s->settings, "config_directory"),
		     settings, &err) != 0 ||
	    postconf_load_settings(&trial.settings, &err) != 0) {
		strings_add(reasons, err.text);
	} else {
		postfix_state_begin(&trial);
		postfix_examine_lists(&trial);
		result = refuse_for(reasons, &x.report);
	}
	edit_end(&copy);
	postfix_state_end(&trial);
	postconf_clear(&trial.settings);
	report_clear(&x.report);
	return result;
}

/* An edit that would not work is not shown. */
static void
show_present(struct strings *settings, const struct postconf *postfix)
{
	strings_clear(settings);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		add_setting(settings, lists[i],
			    present_value(postfix, lists[i]));
}

int
list_edits_plan(struct strings *settings, const struct conf *conf,
		const struct postconf *postfix, const char *directory,
		struct strings *reasons)
{
	struct examination x = {.conf = *conf,
				.report.settings = "the settings"};
	struct postfix_state s = {.examination = &x, .settings = *postfix};
	int result = 0;

	remedies_instance(&x.report.remedies, directory);
	postfix_state_begin(&s);
	if (s.unreadable) {
		result = refuse_type(reasons, s.map);
	} else if (s.maps.count > 0) {
		postfix_examine_lists(&s);
		if (has(&x.report, is_obstacle))
			result = refuse_for(reasons, &x.report);
		else if (has(&x.report, is_curable))
			result = edit_lists(settings, &s, reasons);
	}
	if (result == 0 && settings->count > 0)
		result = try_edits(settings, &s, reasons);
	if (result != 0)
		show_present(settings, postfix);
	postfix_state_end(&s);
	report_clear(&x.report);
	return result;
}
