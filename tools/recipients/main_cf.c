#include "tools/recipients/main_cf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/sys/subprocess.h"
#include "tools/gateway/address_list.h"
#include "tools/gateway/string_set.h"
#include "tools/recipients/settings.h"

enum { ASK_MS = 10000, RELOAD_MS = 60000 };

enum { DOMAINS, MAPS, CODE, NPARAMETERS };

static const char *const ASK[] = {"postconf",
				  "-x",
				  "-h",
				  "relay_domains",
				  "relay_recipient_maps",
				  "unknown_relay_recipient_reject_code",
				  NULL};

/* So many cost each smtpd about 41 MB with regexp:. */
enum { REGEXP_USERS = 10000 };

static const char SEPARATORS[] = ", \t\n";

/* Walks over the words of a value: *len = 0 at the end. */
static const char *
next_word(const char *at, size_t *len)
{
	at += strspn(at, SEPARATORS);
	*len = strcspn(at, SEPARATORS);
	return at;
}

static bool
has_word(const char *value, const char *word)
{
	static const char proxy[] = "proxy:";
	size_t len;

	for (value = next_word(value, &len); len > 0;
	     value = next_word(value + len, &len)) {
		if (strncmp(value, proxy, strlen(proxy)) == 0) {
			value += strlen(proxy);
			len -= strlen(proxy);
		}
		if (len == strlen(word) && strncmp(value, word, len) == 0)
			return true;
	}
	return false;
}

/* ---- relay_domains ---- */

/* Whether some of the domains are in a table, which is not asked. */
static bool
has_table(const char *value)
{
	return strpbrk(value, ":/") != NULL;
}

/* The names are added in lower case, without a dot at the beginning. */
static void
add_words(struct string_set *set, const char *value)
{
	char *name;
	size_t len;

	for (value = next_word(value, &len); len > 0;
	     value = next_word(value + len, &len)) {
		name = alloc_bytes(value, len);
		for (char *c = name; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		string_set_add(set, name + (*name == '.'),
			       len - (*name == '.'));
		free(name);
	}
}

/* relay_domains also matches subdomains, by default. */
static bool
matches(const struct string_set *names, const char *domain)
{
	for (; domain != NULL; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		if (string_set_has(names, domain, strlen(domain)))
			return true;
	}
	return false;
}

static bool
is_served(const struct string_set *names, const struct address_list *list)
{
	for (size_t i = 0; i < string_set_count(list->domains); i++)
		if (!matches(names, string_set_at(list->domains, i)))
			return false;
	return true;
}

static void
write_names(FILE *out, const struct string_set *names,
	    const struct string_set *but)
{
	const char *separator = "";

	for (size_t i = 0; i < string_set_count(names); i++) {
		const char *name = string_set_at(names, i);

		if (but != NULL && string_set_has(but, name, strlen(name)))
			continue;
		fprintf(out, "%s%s", separator, name);
		separator = ", ";
	}
	putc('\n', out);
}

static void
report_domains(FILE *out, const char *value, const struct address_list *list)
{
	struct string_set *names = string_set_new();
	size_t unlisted = 0;

	if (has_table(value)) {
		fprintf(out,
			"relay_domains = %s: make sure that it includes the "
			"%zu domain%s of the list\n",
			value, string_set_count(list->domains),
			string_set_count(list->domains) == 1 ? "" : "s");
		string_set_free(&names);
		return;
	}
	add_words(names, value);
	if (!is_served(names, list)) {
		fputs("relay_domains = ", out);
		write_names(out, list->domains, NULL);
		string_set_free(&names);
		return;
	}
	for (size_t i = 0; i < string_set_count(names); i++) {
		const char *name = string_set_at(names, i);

		unlisted += !string_set_has(list->domains, name, strlen(name));
	}
	if (unlisted > 0) {
		fputs("# in relay_domains, but without any entry in the list: ",
		      out);
		write_names(out, names, list->domains);
	}
	string_set_free(&names);
}

/* ---- the tables ---- */

static char *
spec_of(const char *type, const char *name)
{
	return alloc_format("%s:%s", type, name);
}

static bool
names_table(const char *value, const char *type, const char *name)
{
	char *spec = spec_of(type, name);
	bool found = has_word(value, spec);

	free(spec);
	return found;
}

/* The type that was given, or that main.cf has, or that Postfix can read. To be
 * freed. */
static char *
plus_type(const char *value, const struct recipients_settings *settings)
{
	static const char *const ask[] = {"postconf", "-m", NULL};
	struct err err;
	char *types;
	bool pcre;

	if (settings->plus_type != NULL)
		return alloc_string(settings->plus_type);
	if (names_table(value, "pcre", settings->plus_name))
		return alloc_string("pcre");
	if (names_table(value, "regexp", settings->plus_name))
		return alloc_string("regexp");
	pcre = subprocess_run(ask, ASK_MS, &types, &err) == 0 &&
	       has_word(types, "pcre");
	free(types);
	return alloc_string(pcre ? "pcre" : "regexp");
}

static void
report_memory(FILE *out, const char *type, size_t users)
{
	if (strcmp(type, "regexp") == 0 && users > REGEXP_USERS)
		fprintf(out,
			"# %zu users with plus addressing: with regexp: each "
			"smtpd grows by about 4 KB for each of them, with "
			"pcre: by a tenth\n",
			users);
}

static void
report_maps(FILE *out, const char *value,
	    const struct recipients_settings *settings,
	    const struct address_list *list)
{
	char *type = settings->plus ? plus_type(value, settings) : NULL;
	char *map = settings->plain
			? spec_of(settings->map_type, settings->map_name)
			: alloc_string("");
	char *plus = type != NULL ? spec_of(type, settings->plus_name)
				  : alloc_string("");
	const char *const words[] = {map, plus, NULL};
	char *wanted = alloc_join(words, ", ");

	if ((*map != '\0' && !has_word(value, map)) ||
	    (*plus != '\0' && !has_word(value, plus)))
		fprintf(out, "relay_recipient_maps = %s\n", wanted);
	if (type != NULL)
		report_memory(out, type, string_set_count(list->plus));
	free(wanted);
	free(plus);
	free(map);
	free(type);
}

/* Divides the output of postconf into lines, in place. */
static void
divide(char *output, const char *values[NPARAMETERS])
{
	for (size_t i = 0; i < NPARAMETERS; i++) {
		char *end = strchrnul(output, '\n');

		values[i] = output;
		output = *end != '\0' ? end + 1 : end;
		*end = '\0';
	}
}

static void
report_missing(FILE *out, const struct recipients_settings *settings,
	       const struct address_list *list, const char *values[NPARAMETERS])
{
	char *text = NULL;
	size_t len;
	FILE *lines = open_memstream(&text, &len);

	report_domains(lines, values[DOMAINS], list);
	report_maps(lines, values[MAPS], settings, list);
	if (strcmp(values[CODE], "550") != 0)
		fputs("unknown_relay_recipient_reject_code = 550\n", lines);
	fclose(lines);
	if (len > 0)
		fprintf(out, "main.cf needs:\n%s", text);
	free(text);
}

void
main_cf_report(FILE *out, const struct recipients_settings *settings,
	       const struct address_list *list)
{
	const char *values[NPARAMETERS];
	struct err err;
	char *output = NULL;
	int code = subprocess_run(ASK, ASK_MS, &output, &err);

	if (code != 0) {
		fprintf(out, "postconf does not answer: %s\n",
			code < 0 ? err.text : output);
		free(output);
		output = alloc_string("");
	}
	divide(output, values);
	report_missing(out, settings, list, values);
	free(output);
}

int
main_cf_reload(struct err *err)
{
	static const char *const reload[] = {"postfix", "reload", NULL};
	char *output = NULL;
	int code = subprocess_run(reload, RELOAD_MS, &output, err);

	if (code > 0)
		err_set(err, "%s", output);
	free(output);
	return code == 0 ? 0 : err_prefix(err, "postfix reload");
}
