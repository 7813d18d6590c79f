/* spam-address.tab and CheckMailerDomain, as smtpd_sender_restrictions. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tools/postfix/globexpr.h"
#include "tools/xmail/xmail.h"

/* The rule of a pattern, to be freed. NULL: see why. */
static char *
rule_of(const char *pattern, const char **why)
{
	char *rule = NULL;
	size_t len;
	FILE *out;
	int result;

	if (!globexpr_plain(pattern)) {
		*why = "not printable ASCII, too long, or too many `*'";
		return NULL;
	}
	out = open_memstream(&rule, &len);
	fputs("/^", out);
	result = globexpr_wild(out, pattern, ".*", ".");
	fputs("$/", out);
	fclose(out);
	if (result == 0)
		return rule;
	*why = "a set without an end, or without members: it matches nothing";
	free(rule);
	return NULL;
}

/* Postfix asks for the null sender as `<>', XMail for the empty text. Few
 * patterns match the one and not the other. */
static bool
differs_for_nobody(const char *pattern)
{
	return pattern[strspn(pattern, "*")] != '\0' &&
	       fnmatch(pattern, "<>", 0) == 0;
}

static void
add_pattern(struct xmail *xmail, const struct tabline *line, FILE *rules)
{
	const char *pattern = line->fields[0], *why = NULL;
	struct place place = xmail_place(xmail, line->place);
	char *rule = rule_of(pattern, &why);

	if (rule == NULL) {
		remark_lost(&xmail->remarks, line->place, "%s: is left out: %s",
			    shown(pattern).text, why);
		return;
	}
	if (line->cut)
		remark_lost(&xmail->remarks, line->place,
			    "XMail does not read this line to its end");
	fprintf(rules, "# %s:%zu\n", place.file, place.line);
	if (differs_for_nobody(pattern))
		fputs("if !/^<>$/\n", rules);
	fprintf(rules, "%s 504 5.7.1 Your address is not welcome here\n", rule);
	if (differs_for_nobody(pattern))
		fputs("endif\n", rules);
	free(rule);
}

static void
add_domain_check(struct xmail *xmail, struct maincf_value *value)
{
	struct place place;
	int check = 0;

	xmail_number(xmail, "CheckMailerDomain", &place, &check);
	if (check != 0)
		maincf_add(value, xmail_place(xmail, place),
			   "reject_unknown_sender_domain");
}

int
xmail_senders(struct xmail *xmail, struct err *err)
{
	struct maincf_value value = {0};
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(xmail, "spam-address.tab", &file, err);
	FILE *rules = NULL;

	while (result == 1 && tabfile_next(file, &line)) {
		rules = outset_stream(xmail->out, "senders");
		add_pattern(xmail, &line, rules);
	}
	if (rules != NULL)
		maincf_add(&value, (struct place){"spam-address.tab", 0},
			   "check_sender_access regexp:%s/senders",
			   xmail->directory);
	if (result >= 0)
		add_domain_check(xmail, &value);
	if (value.words.count > 0)
		maincf_write(outset_stream(xmail->out, "main.cf"),
			     "smtpd_sender_restrictions", &value, true);
	tabfile_close(&file);
	return result;
}
